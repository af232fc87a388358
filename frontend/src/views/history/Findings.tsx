import { useEffect, useState } from "preact/hooks";

import { api } from "../../api/client";
import type { Findings as Found, Recording } from "../../api/types";
import { Button, Heads, peakOf, Progress, Tabs } from "../../components";
import { fill, number, percent, plural, useText, type Dictionary } from "../../i18n";
import { tell } from "../../shell/faults";

const SHOWN = 12;
const KINDS = ["expression", "action_unit", "micro", "state", "transition", "mixture"] as const;
type Kind = (typeof KINDS)[number];

interface Line {
  what: string;
  from_s: number;
  length_s: number;
  peak: string;
  sure: string;
  face: number;
}

/** Names of labels and units as the reader knows them. */
function named(label: string, terms: Dictionary["terms"]): string {
  const unit = terms.units[label as keyof typeof terms.units];
  return terms.labels[label as keyof typeof terms.labels] ?? (unit ? `${label} ${unit}` : label);
}

/** Episodes, transitions and mixtures as lines of one table, by kind. */
function linesOf(found: Found, kind: Kind, t: Dictionary["history"]["episodes"], terms: Dictionary["terms"]): Line[] {
  if (kind === "transition") {
    return found.transitions.map((one) => ({
      what: fill(t.change, { origin: named(one.origin, terms), target: named(one.target, terms) }),
      from_s: one.start_s,
      length_s: one.end_s - one.start_s,
      peak: "",
      sure: "",
      face: one.face,
    }));
  }
  if (kind === "mixture") {
    return found.mixtures.map((one) => ({
      what: one.shares.map(([label, share]) => `${named(label, terms)} ${percent(share)}`).join(" + "),
      from_s: one.onset_s,
      length_s: one.offset_s - one.onset_s,
      peak: "",
      sure: "",
      face: one.face,
    }));
  }
  return found.episodes
    .filter((one) => one.kind === kind)
    .map((one) => ({
      what: named(one.label, terms) + (one.side ? `, ${t.sides[one.side]}` : ""),
      from_s: one.onset_s,
      length_s: one.offset_s - one.onset_s,
      peak: peakOf(one),
      sure: percent(one.confidence),
      face: one.face,
    }));
}

function Lines({ lines, title }: { lines: readonly Line[]; title: string }) {
  const t = useText("history").episodes;
  const [all, setAll] = useState(false);
  if (lines.length === 0) return <p class="empty">{t.none}</p>;
  const shown = all ? lines : lines.slice(0, SHOWN);
  const graded = lines.some((line) => line.peak !== "");
  return (
    <>
      <div class="table-wrap">
        <table class="table">
          <caption class="unseen">{title}</caption>
          <thead>
            <tr>
              <Heads names={[t.what, t.from, t.length, ...(graded ? [t.peak, t.sure] : []), t.face]} />
            </tr>
          </thead>
          <tbody>
            {shown.map((line, i) => (
              <tr key={i}>
                <th scope="row">{line.what}</th>
                <td>{number(line.from_s, 2)} s</td>
                <td>{number(line.length_s, 2)} s</td>
                {graded && <td>{line.peak}</td>}
                {graded && <td>{line.sure}</td>}
                <td>{line.face < 0 ? "–" : line.face}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < lines.length && <Button onClick={() => setAll(true)}>{plural(t.all, lines.length)}</Button>}
    </>
  );
}

/** What began, peaked and ended in a recording. */
export function Findings({ recording }: { recording: Recording }) {
  const t = useText("history").episodes;
  const c = useText("common");
  const terms = useText("terms");
  const [found, setFound] = useState<Found | null>(null);
  const [chosen, setChosen] = useState<Kind | null>(null);
  useEffect(() => {
    api.episodes(recording.id).then(setFound, (error: unknown) => tell(error, c));
  }, [recording.id]);
  if (!found) return <Progress text={c.loading} />;
  const lines = new Map(KINDS.map((kind) => [kind, linesOf(found, kind, t, terms)] as const));
  const kinds = KINDS.filter((kind) => lines.get(kind)?.length);
  if (kinds.length === 0) return <p class="empty">{t.none}</p>;
  const kind = chosen && kinds.includes(chosen) ? chosen : (kinds[0] as Kind);
  const tabs = kinds.map((key) => ({ key, title: `${t.kinds[key]} (${lines.get(key)?.length ?? 0})` }));
  return (
    <Tabs label={t.title} tabs={tabs} chosen={kind} onChoose={setChosen}>
      <Lines key={kind} lines={lines.get(kind) ?? []} title={t.kinds[kind]} />
    </Tabs>
  );
}
