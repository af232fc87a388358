import { useEffect, useState } from "preact/hooks";

import { api } from "../../api/client";
import { LABELS, type Recording } from "../../api/types";
import { Notice, Progress } from "../../components";
import { number, percent, useText } from "../../i18n";
import { lineOf } from "../../shell/faults";
import { hrefOf } from "../../shell/router";
import { Curves } from "./Curves";
import { ratesOf } from "./Summary";
import { clock, nameOf, sharesOf, summariesOf } from "./words";

type Pair = [Recording, Recording];
const MOST_UNITS = 8;

/** Shares of both, each label with two bars on one line, so that the eye compares what belongs together. */
function TwinBars({ rows }: { rows: readonly { key: string; name: string; shares: [number, number]; colour: string }[] }) {
  const top = Math.max(0.01, ...rows.flatMap((row) => row.shares));
  return (
    <table class="twin">
      <tbody>
        {rows.map((row) => (
          <tr key={row.key} class={row.colour}>
            <th scope="row">{row.name}</th>
            {row.shares.map((share, i) => (
              <td key={i}>
                <span class="twin-track" aria-hidden="true">
                  <span class={`twin-fill twin-${i}`} style={{ width: `${(100 * share) / top}%` }} />
                </span>
                <span class="twin-value">{percent(share)}</span>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Labels({ pair }: { pair: Pair }) {
  const t = useText("history").compare;
  const terms = useText("terms");
  const shares = pair.map((one) => new Map(one.mode === "action_units" ? [] : sharesOf(one)));
  if (shares.every((one) => one.size === 0)) return <p class="empty">{t.none}</p>;
  const rows = [...LABELS, "unsure" as const].map((label) => ({
    key: label,
    name: terms.labels[label],
    shares: [shares[0]?.get(label) ?? 0, shares[1]?.get(label) ?? 0] as [number, number],
    colour: `label-${label}`,
  }));
  return <TwinBars rows={rows} />;
}

/** The units that either of the two shows most, of the face that was seen longest. */
function Units({ pair }: { pair: Pair }) {
  const terms = useText("terms");
  const faces = pair.map((one) => summariesOf(one.summary).sort((a, b) => b.seconds - a.seconds)[0]?.action_units ?? {});
  const share = (i: number, name: string) => faces[i]?.[name]?.share ?? 0;
  const names = [...new Set(faces.flatMap((units) => Object.keys(units)))]
    .sort((a, b) => Math.max(share(0, b), share(1, b)) - Math.max(share(0, a), share(1, a)))
    .slice(0, MOST_UNITS);
  const rows = names.map((name) => ({
    key: name,
    name: `${name} ${terms.units[name as keyof typeof terms.units] ?? ""}`,
    shares: [share(0, name), share(1, name)] as [number, number],
    colour: "",
  }));
  return <TwinBars rows={rows} />;
}

function Numbers({ pair }: { pair: Pair }) {
  const t = useText("history");
  const facts: [string, string, string][] = [
    [t.facts.length, clock(pair[0].duration_s), clock(pair[1].duration_s)],
    [t.facts.frames, number(pair[0].frames), number(pair[1].frames)],
    [t.facts.faces, number(pair[0].faces), number(pair[1].faces)],
  ];
  const longest = pair.map((one) => summariesOf(one.summary).sort((a, b) => b.seconds - a.seconds)[0]);
  const rates = longest.map((face) => new Map(face ? ratesOf(face, t.summary) : []));
  const names = [...new Set(rates.flatMap((known) => [...known.keys()]))];
  for (const name of names) facts.push([name, rates[0]?.get(name) ?? "–", rates[1]?.get(name) ?? "–"]);
  return (
    <table class="table">
      <thead>
        <tr>
          <td />
          {pair.map((one) => (
            <th key={one.id} scope="col">
              {nameOf(one, t)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {facts.map(([name, first, second]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{first}</td>
            <td>{second}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Both({ pair }: { pair: Pair }) {
  const t = useText("history");
  const units = pair.some((one) => summariesOf(one.summary).some((face) => Object.keys(face.action_units ?? {}).length));
  return (
    <>
      <section class="card" aria-label={t.compare.numbers}>
        <h2>{t.compare.numbers}</h2>
        <Numbers pair={pair} />
      </section>
      <div class="history-pair">
        <section class="card" aria-label={t.compare.share}>
          <h2>{t.compare.share}</h2>
          <Keys pair={pair} />
          <Labels pair={pair} />
        </section>
        {units && (
          <section class="card" aria-label={t.compare.units}>
            <h2>{t.compare.units}</h2>
            <Keys pair={pair} />
            <Units pair={pair} />
          </section>
        )}
      </div>
      <div class="history-pair">
        {pair.map((one) => (
          <section key={one.id} class="card" aria-label={nameOf(one, t)}>
            <h2>
              <a href={hrefOf("history", one.id)}>{nameOf(one, t)}</a>
            </h2>
            <Curves recording={one} />
          </section>
        ))}
      </div>
    </>
  );
}

/** Which bar is which recording. */
function Keys({ pair }: { pair: Pair }) {
  const t = useText("history");
  return (
    <p class="twin-keys">
      {pair.map((one, i) => (
        <span key={one.id} class={`twin-key twin-${i}`}>
          {nameOf(one, t)}
        </span>
      ))}
    </p>
  );
}

/** Two recordings beside each other. */
export function Compare({ ids }: { ids: readonly string[] }) {
  const t = useText("history");
  const c = useText("common");
  const [pair, setPair] = useState<Pair | null>(null);
  const [fault, setFault] = useState("");
  const [first, second] = ids;
  useEffect(() => {
    if (!first || !second) return setFault(t.compare.missing);
    Promise.all([api.recording(first), api.recording(second)]).then(setPair, (error: unknown) => setFault(lineOf(error, c)));
  }, [first, second]);
  return (
    <>
      <a class="history-back" href={hrefOf("history")}>
        ← {t.back}
      </a>
      <h1>{t.compare.title}</h1>
      {fault && <Notice kind="error">{fault}</Notice>}
      {!fault && !pair && <Progress text={c.loading} />}
      {pair && <Both pair={pair} />}
    </>
  );
}
