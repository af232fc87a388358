import { useState } from "preact/hooks";

import type { Episode } from "../../api/types";
import { Button, Heads, peakOf, Select } from "../../components";
import { number, plural, useText } from "../../i18n";
import { nameOf } from "./episodes";

export interface EpisodeListProps {
  episodes: readonly Episode[];
  onSeek: (seconds: number) => void;
}

type Kind = Episode["kind"] | "all";
const ROWS = 12;

/** All episodes in words; each time is a button that moves the film there. */
export function EpisodeList({ episodes, onSeek }: EpisodeListProps) {
  const t = useText("video");
  const terms = useText("terms");
  const [kind, setKind] = useState<Kind>("all");
  const [most, setMost] = useState(ROWS);
  const kinds = [...new Set(episodes.map((episode) => episode.kind))];
  const options: [Kind, string][] = [["all", t.all_kinds], ...kinds.map((one): [Kind, string] => [one, t.kinds[one]])];
  const found = episodes.filter((episode) => kind === "all" || episode.kind === kind);
  if (!episodes.length) return <p class="muted">{t.no_episodes}</p>;
  return (
    <>
      <div class="spread">
        <p class="muted">{plural(t.episodes_found, found.length)}</p>
        <Select compact label={t.kind} value={kind} options={options} onChange={setKind} />
      </div>
      <div class="table-wrap" tabIndex={0} role="region" aria-label={t.episodes}>
        <table class="table episodes">
          <thead>
            <tr>
              <Heads names={[t.start, t.what, t.kind, t.lasts, t.peak]} />
            </tr>
          </thead>
          <tbody>
            {found.slice(0, most).map((episode, at) => (
              <tr key={at}>
                <td>
                  <button type="button" class="link" onClick={() => onSeek(episode.onset_s)}>
                    {number(episode.onset_s, 2)} s
                  </button>
                </td>
                <td>
                  <span class={`dot label-${episode.label}`}>{nameOf(episode, terms)}</span>
                </td>
                <td>{t.kinds[episode.kind]}</td>
                <td>{number(episode.offset_s - episode.onset_s, 2)} s</td>
                <td>{peakOf(episode)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {found.length > most && <Button onClick={() => setMost(most + 5 * ROWS)}>{t.more}</Button>}
    </>
  );
}
