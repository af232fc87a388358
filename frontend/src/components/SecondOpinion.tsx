import { LABELS, type SecondOpinion, type Shares } from "../api/types";
import { percent, useText } from "../i18n";

export interface SecondOpinionOfProps {
  opinion: SecondOpinion;
  /** When it was asked, where that is not this very moment. */
  when?: string;
}

function best(shares: Shares) {
  return LABELS.reduce((first, label) => (shares[label] > shares[first] ? label : first), LABELS[0]);
}

/** What this machine alone said, and what the cloud model said with its evidence; the bars above hold both, mixed. */
export function SecondOpinionOf({ opinion, when }: SecondOpinionOfProps) {
  const t = useText("terms");
  const local = opinion.local ? best(opinion.local) : null;
  return (
    <section class="second-opinion" data-origin={opinion.origin}>
      <h3>{t.second_opinion}</h3>
      {when && <p class="muted">{when}</p>}
      <dl class="facts">
        {local && opinion.local && (
          <div>
            <dt>{t.this_machine}</dt>
            <dd>
              {t.labels[local]} {percent(opinion.local[local])}
            </dd>
          </div>
        )}
        {opinion.label && opinion.probabilities && (
          <div>
            <dt>{opinion.origin.replace("cloud:", "")}</dt>
            <dd>
              {t.labels[opinion.label]} {percent(opinion.probabilities[opinion.label])}
            </dd>
          </div>
        )}
      </dl>
      {opinion.evidence && <p class="muted">{opinion.evidence}</p>}
    </section>
  );
}
