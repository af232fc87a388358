import type { Episode } from "../../api/types";
import { fill, number, useText } from "../../i18n";
import { nameOf } from "./episodes";

export interface LanesProps {
  episodes: readonly Episode[];
  span: [number, number];
  onSeek: (seconds: number) => void;
}

/** So many action units have a lane of their own, those that acted longest. */
const UNITS = 6;

interface Lane {
  key: string;
  /** Above the lane, or before it where it is as short as "AU12". */
  title?: string;
  code?: string;
  episodes: Episode[];
}

function lengthOf(episodes: readonly Episode[]): number {
  return episodes.reduce((sum, episode) => sum + episode.offset_s - episode.onset_s, 0);
}

function useLanes(episodes: readonly Episode[]): Lane[] {
  const t = useText("video");
  const of = (kind: Episode["kind"]) => episodes.filter((episode) => episode.kind === kind);
  const units = Map.groupBy(of("action_unit"), (episode) => episode.label);
  const longest = [...units].sort(([, a], [, b]) => lengthOf(b) - lengthOf(a)).slice(0, UNITS);
  longest.sort(([a], [b]) => Number(a.slice(2)) - Number(b.slice(2)));
  const lanes: Lane[] = [
    { key: "expression", title: t.kinds.expression, episodes: of("expression") },
    { key: "micro", title: t.kinds.micro, episodes: of("micro") },
    { key: "state", title: t.kinds.state, episodes: of("state") },
    ...longest.map(([code, own], at) => ({ key: "unit", code, episodes: own, ...(at ? {} : { title: t.aspects.units }) })),
  ];
  return lanes.filter((lane) => lane.episodes.length);
}

function Bar({ episode, span: [from, to], onSeek }: Omit<LanesProps, "episodes"> & { episode: Episode }) {
  const t = useText("video");
  const terms = useText("terms");
  const share = (seconds: number) => `${(100 * seconds) / (to - from || 1)}%`;
  const values = { what: nameOf(episode, terms), from: number(episode.onset_s, 2), to: number(episode.offset_s, 2) };
  return (
    <button
      type="button"
      tabIndex={-1}
      class={`lane-bar label-${episode.label}`}
      style={{ left: share(episode.onset_s - from), width: share(episode.offset_s - episode.onset_s) }}
      title={fill(t.from_to, values)}
      onClick={() => onSeek(episode.apex_s)}
    />
  );
}

/** Episodes as bars under the curves, one lane a kind. The list beside it serves keyboards and screen readers. */
export function Lanes({ episodes, span, onSeek }: LanesProps) {
  return (
    <div class="lanes" aria-hidden="true">
      {useLanes(episodes).map((lane) => (
        <div class="lane" key={lane.key + (lane.code ?? "")}>
          {lane.title && <span class="lane-title">{lane.title}</span>}
          <span class="lane-code">{lane.code}</span>
          <div class={`lane-track lane-${lane.key}`}>
            {lane.episodes.map((episode, at) => (
              <Bar key={at} episode={episode} span={span} onSeek={onSeek} />
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}
