import { useEffect, useState } from "preact/hooks";

import { api } from "../../api/client";
import type { Recording, Timeline } from "../../api/types";
import { Button, Progress, Select, Tabs } from "../../components";
import { fill, useText } from "../../i18n";
import { tell } from "../../shell/faults";
import type { Aspect } from "../curves";
import { CurvesChart } from "./CurvesChart";
import { clock } from "./words";

const POINTS = 1500;

/** The curves of a recording: choose a face and an aspect, drag to look closer. */
export function Curves({ recording }: { recording: Recording }) {
  const t = useText("history").curves;
  const c = useText("common");
  const [timeline, setTimeline] = useState<Timeline | null>(null);
  const [stretch, setStretch] = useState<[number, number] | null>(null);
  const [wanted, setWanted] = useState<Aspect>("expressions");
  const [chosen, setChosen] = useState(-1);
  useEffect(() => {
    let current = true;
    api.timeline(recording.id, stretch?.[0], stretch?.[1], POINTS).then(
      (got) => current && setTimeline(got),
      (error: unknown) => current && tell(error, c),
    );
    return () => {
      current = false;
    };
  }, [recording.id, stretch]);
  if (!timeline) return <Progress text={c.loading} />;
  const faces = timeline.faces.filter((face) => face.time_s.length > 0);
  const face = faces.find((one) => one.id === chosen) ?? faces[0];
  if (!face) return <p class="empty">{t.none}</p>;
  const names: Record<Aspect, string> = { expressions: t.expressions, units: t.units, pose: t.pose };
  const aspects: Aspect[] = recording.mode === "action_units" ? ["units", "pose"] : ["expressions", "units", "pose"];
  const aspect = aspects.includes(wanted) ? wanted : "units";
  const span = { n: face.id, from: clock(face.time_s[0] ?? 0), to: clock(face.time_s.at(-1) ?? 0) };
  return (
    <div class="stack">
      <div class="spread">
        <p class="hint">{t.zoom}</p>
        <div class="row">
          {faces.length > 1 && (
            <Select
              label={t.face}
              compact
              value={String(face.id)}
              options={faces.map((one) => [String(one.id), `${t.face} ${one.id}`] as const)}
              onChange={(id) => setChosen(Number(id))}
            />
          )}
          {stretch && <Button onClick={() => setStretch(null)}>{t.all}</Button>}
        </div>
      </div>
      <Tabs label={t.title} tabs={aspects.map((key) => ({ key, title: names[key] }))} chosen={aspect} onChoose={setWanted}>
        <CurvesChart
          face={face}
          aspect={aspect}
          label={`${names[aspect]}. ${fill(t.describe, span)}`}
          onZoom={(start, end) => setStretch([start, end])}
          onReset={() => setStretch(null)}
        />
      </Tabs>
    </div>
  );
}
