import { useState } from "preact/hooks";

import type { Face } from "../../api/types";
import { ExpressionBars, FaceFacts, StrongestUnits, Tabs, Verdict } from "../../components";
import { fill, useText } from "../../i18n";

/** What one face shows now: the label, the bars, the strongest movements, head and eyes. */
function Now({ face }: { face: Face }) {
  const t = useText("live");
  return (
    <div class="live-face" data-testid="live-face">
      <Verdict face={face} />
      {face.probabilities && <ExpressionBars probabilities={face.probabilities} />}
      <h3>{t.strongest}</h3>
      <StrongestUnits values={face.action_units ?? {}} most={face.probabilities ? 4 : 8} />
      <details>
        <summary>{t.more}</summary>
        <FaceFacts face={face} />
        <Indicators values={face.indicators ?? {}} />
      </details>
    </div>
  );
}

/** Formulas over the last seconds, those of which there is a number. */
function Indicators({ values }: { values: Readonly<Record<string, number | null>> }) {
  const t = useText("terms");
  const known = Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== null);
  if (known.length === 0) return null;
  return (
    <dl class="facts live-indicators">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{t.indicators[name as keyof typeof t.indicators] ?? name}</dt>
          <dd>{value.toFixed(2)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The faces in the picture, one tab each. */
export function Faces({ faces }: { faces: readonly Face[] }) {
  const t = useText("live");
  const [chosen, setChosen] = useState(-1);
  const face = faces.find((one) => one.id === chosen) ?? faces[0];
  return (
    <section class="card live-faces" aria-label={t.faces}>
      {!face && <p class="empty">{t.noFace}</p>}
      {face && faces.length === 1 && <Now face={face} />}
      {face && faces.length > 1 && (
        <Tabs
          label={t.faces}
          tabs={faces.map((one) => ({ key: one.id, title: fill(t.faceNumber, { n: one.id }) }))}
          chosen={face.id}
          onChoose={setChosen}
        >
          <Now face={face} />
        </Tabs>
      )}
    </section>
  );
}
