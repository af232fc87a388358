import { LABELS, type Label, type Shares } from "../api/types";
import { number, percent, useText } from "../i18n";

export interface Bar {
  key: string;
  name: string;
  /** 0..1: how far the bar reaches. */
  share: number;
  /** A few words behind the name, such as the stronger side. */
  note?: string;
  /** What stands behind the bar, such as "83 %". */
  value: string;
  /** A class that colours the bar, such as "label-fear". */
  colour?: string;
  strong?: boolean;
}

/** Named bars; the numbers are text, so that the bars themselves need not be heard. */
export function Bars({ bars, label }: { bars: readonly Bar[]; label: string }) {
  return (
    <div role="group" aria-label={label}>
      <dl class="bars">
        {bars.map((bar) => (
          <div key={bar.key} class={`bar ${bar.colour ?? ""} ${bar.strong ? "bar-strong" : ""}`}>
            <dt>
              {bar.name}
              {bar.note && <small> {bar.note}</small>}
            </dt>
            <dd>
              <span class="bar-track" aria-hidden="true">
                <span class="bar-fill" style={{ width: `${100 * Math.min(1, Math.max(0, bar.share))}%` }} />
              </span>
              <span class="bar-value">{bar.value}</span>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** The eight expressions, the most likely one stressed; the order never changes, so that bars do not jump. */
export function ExpressionBars({ probabilities }: { probabilities: Shares }) {
  const t = useText("terms");
  const best = LABELS.reduce<Label>((top, one) => (probabilities[one] > probabilities[top] ? one : top), "neutral");
  const bars = LABELS.map((label) => ({
    key: label,
    name: t.labels[label],
    share: probabilities[label],
    value: percent(probabilities[label]),
    colour: `label-${label}`,
    strong: label === best,
  }));
  return <Bars bars={bars} label={t.expressions} />;
}

/** A number -1..1 on a scale with its middle marked. */
export function Scale({ name, value, low, high }: { name: string; value: number; low: string; high: string }) {
  const share = Math.min(1, Math.max(0, (value + 1) / 2));
  return (
    <div class="scale">
      <div class="scale-head">
        <span>{name}</span>
        <span class="bar-value">{number(value, 2)}</span>
      </div>
      <div class="scale-track" aria-hidden="true">
        <span class="scale-mark" style={{ left: `${100 * share}%` }} />
      </div>
      <div class="scale-ends">
        <span>{low}</span>
        <span>{high}</span>
      </div>
    </div>
  );
}
