import { useState } from "preact/hooks";

import type { Mode } from "../../api/types";
import { Select, Tabs } from "../../components";
import { fill, useText } from "../../i18n";
import type { Aspect } from "../curves";
import type { Rolling } from "./rolling";
import { RollingChart } from "./RollingChart";

export interface TimelineProps {
  rolling: Rolling;
  /** Faces seen in the last minute. */
  ids: readonly number[];
  mode: Mode | null;
  /** What is seen now, in words. */
  now: string;
}

/** The last minute of one face: expressions, action units or pose. */
export function Timeline({ rolling, ids, mode, now }: TimelineProps) {
  const t = useText("live").timeline;
  const [wanted, setWanted] = useState<Aspect>("expressions");
  const [chosen, setChosen] = useState(-1);
  const face = ids.includes(chosen) ? chosen : ids[0];
  const names: Record<Aspect, string> = { expressions: t.expressions, units: t.units, pose: t.pose };
  const aspects: Aspect[] = mode === "action_units" ? ["units", "pose"] : ["expressions", "units", "pose"];
  const aspect = aspects.includes(wanted) ? wanted : "units";
  return (
    <section class="card live-timeline" aria-label={t.title}>
      <div class="spread">
        <h2>{t.title}</h2>
        {ids.length > 1 && face !== undefined && (
          <Select
            label={t.face}
            compact
            value={String(face)}
            options={ids.map((id) => [String(id), `${t.face} ${id}`] as const)}
            onChange={(id) => setChosen(Number(id))}
          />
        )}
      </div>
      <Tabs
        label={t.title}
        tabs={aspects.map((key) => ({ key, title: names[key] }))}
        chosen={aspect}
        onChoose={setWanted}
      >
        {face === undefined ? (
          <p class="empty">{t.empty}</p>
        ) : (
          <RollingChart rolling={rolling} face={face} aspect={aspect} summary={fill(t.summary, { text: now })} />
        )}
      </Tabs>
    </section>
  );
}
