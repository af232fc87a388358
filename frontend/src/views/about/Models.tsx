import type { ModelCard } from "../../api/types";
import { fill, number, useText } from "../../i18n";

type Score = [string, string];

/** The numbers of a card's scores, however deep they stand, by the path that leads to them. */
function scoresOf(scores: unknown, path: readonly string[] = []): Score[] {
  if (typeof scores === "number") return [[path.join(" "), number(scores, Number.isInteger(scores) ? 0 : 3)]];
  if (typeof scores !== "object" || scores === null || Array.isArray(scores)) return [];
  return Object.entries(scores).flatMap(([name, value]) => scoresOf(value, [...path, name.replaceAll("_", " ")]));
}

function Card({ card }: { card: ModelCard }) {
  const t = useText("about").models;
  const scores = scoresOf(card["scores"]);
  const command = (card["scores"] as Record<string, unknown> | undefined)?.["command"];
  return (
    <article class="about-model">
      <h3>
        {card.name} <span>{card.version}</span>
      </h3>
      <dl class="facts">
        <div>
          <dt>{t.licence}</dt>
          <dd>{card.licence}</dd>
        </div>
        <div>
          <dt>{t.size}</dt>
          <dd>{number(card.bytes / 2 ** 20, 1)} MiB</dd>
        </div>
      </dl>
      {scores.length > 0 && (
        <details>
          <summary>
            {t.scores} ({scores.length})
          </summary>
          <div class="about-numbers" tabIndex={0} role="group" aria-label={`${t.scores}: ${card.name}`}>
            <table class="table about-scores" lang="en">
              <tbody>
                {scores.map(([name, value]) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td>{value}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {typeof command === "string" && <p class="hint">{fill(t.command, { command })}</p>}
        </details>
      )}
      <details>
        <summary>{t.sum}</summary>
        <code class="about-sum">{card.sha256}</code>
      </details>
    </article>
  );
}

/** The networks with licences and scores. */
export function Models({ models }: { models: readonly ModelCard[] }) {
  const t = useText("about").models;
  return (
    <section class="card" aria-label={t.title}>
      <h2>{t.title}</h2>
      <p class="muted">{t.text}</p>
      <div class="about-models">
        {models.map((card) => (
          <Card key={card.name} card={card} />
        ))}
      </div>
    </section>
  );
}
