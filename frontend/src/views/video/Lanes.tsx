import type { Episode } from "../../api/types";
import { fill, number, useText } from "../../i18n";
import { nameOf } from "./episodes";

export interface LanesProps {
  episodes: readonly Episode[];
  span: [number, number];
  onSeek: (seconds: number) => void;
}

const KINDS = ["expression", "micro", "action_unit", "state"] as const;

/** Episodes as bars under the curves, one lane a kind. The list beside it serves keyboards and screen readers. */
export function Lanes({ episodes, span, onSeek }: LanesProps) {
  const t = useText("video");
  const terms = useText("terms");
  const [from, to] = span;
  const across = (seconds: number) => `${(100 * (seconds - from)) / (to - from || 1)}%`;
  return (
    <div class="lanes" aria-hidden="true">
      {KINDS.map((kind) => {
        const own = episodes.filter((episode) => episode.kind === kind);
        if (!own.length) return null;
        return (
          <div class="lane" key={kind}>
            <span class="lane-name">{t.kinds[kind]}</span>
            <div class={`lane-track lane-${kind}`}>
              {own.map((episode, at) => (
                <button
                  key={at}
                  type="button"
                  tabIndex={-1}
                  class={`lane-bar label-${episode.label}`}
                  style={{ left: across(episode.onset_s), width: across(from + episode.offset_s - episode.onset_s) }}
                  title={fill(t.from_to, {
                    what: nameOf(episode, terms),
                    from: number(episode.onset_s, 2),
                    to: number(episode.offset_s, 2),
                  })}
                  onClick={() => onSeek(episode.apex_s)}
                />
              ))}
            </div>
          </div>
        );
      })}
    </div>
  );
}
