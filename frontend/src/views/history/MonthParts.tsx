import { useState } from "preact/hooks";

import type { MonthReport } from "../../api/month";
import type { Recording } from "../../api/types";
import { Heads, Tabs } from "../../components";
import { moment, number, percent, useText, type Dictionary } from "../../i18n";
import { hrefOf } from "../../shell/router";
import { Shows } from "./List";
import { ShareBars } from "./Summary";
import { clock, nameOf } from "./words";

const KINDS = ["expression", "action_unit", "micro", "state", "transition", "mixture"] as const;
const MOST = 12;

interface PartProps {
  report: MonthReport;
  /** Nothing of expressions and states is shown. */
  units: boolean;
}

interface Column {
  head: string;
  cells: readonly preact.ComponentChildren[];
}

function Table({ title, columns }: { title: string; columns: readonly Column[] }) {
  const rows = columns[0]?.cells ?? [];
  return (
    <div class="table-wrap" tabIndex={0} role="region" aria-label={title}>
      <table class="table">
        <caption class="unseen">{title}</caption>
        <thead>
          <tr>
            <Heads names={columns.map(({ head }) => head)} />
          </tr>
        </thead>
        <tbody>
          {rows.map((_, row) => (
            <tr key={row}>
              {columns.map(({ head, cells }, at) =>
                at ? (
                  <td key={head}>{cells[row]}</td>
                ) : (
                  <th key={head} scope="row">
                    {cells[row]}
                  </th>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How much of all faces resembled which expression. */
export function Expressions({ report, units }: PartProps) {
  const t = useText("history").month;
  const known = Object.keys(report.shares).length > 0;
  return (
    <section class="card" aria-label={t.shares}>
      <h2>{t.shares}</h2>
      {known && !units ? (
        <ShareBars shares={report.shares} label={t.shares} />
      ) : (
        <p class="empty">{units ? t.unitsOnly : t.noExpressions}</p>
      )}
    </section>
  );
}

/** A label in the reader's language: an expression, "AU12 Lip corner puller", a state. */
function named(label: string, terms: Dictionary["terms"]): string {
  const unit = terms.units[label as keyof typeof terms.units];
  if (unit) return `${label} ${unit}`;
  return terms.labels[label as keyof typeof terms.labels] ?? terms.states[label as keyof typeof terms.states] ?? label;
}

/** What stood out how often, kind by kind, the most frequent first. */
export function Episodes({ report, units }: PartProps) {
  const t = useText("history");
  const terms = useText("terms");
  const [chosen, setChosen] = useState<string>("");
  const told = report.episodes.filter((one) => !units || one.kind === "action_unit");
  const kinds = KINDS.filter((kind) => told.some((one) => one.kind === kind));
  const kind = kinds.find((one) => one === chosen) ?? kinds[0];
  const own = told.filter((one) => one.kind === kind).sort((a, b) => b.count - a.count).slice(0, MOST);
  const columns = [
    { head: t.episodes.what, cells: own.map((one) => named(one.label, terms)) },
    { head: t.month.times, cells: own.map((one) => number(one.count)) },
    { head: t.month.inAll, cells: own.map((one) => `${number(one.seconds, 1)} s`) },
  ];
  return (
    <section class="card" aria-label={t.episodes.title}>
      <h2>{t.episodes.title}</h2>
      {kind ? (
        <Tabs
          label={t.episodes.title}
          tabs={kinds.map((key) => ({ key, title: t.episodes.kinds[key] }))}
          chosen={kind}
          onChoose={setChosen}
        >
          <Table title={t.episodes.kinds[kind]} columns={columns} />
        </Tabs>
      ) : (
        <p class="empty">{t.episodes.none}</p>
      )}
    </section>
  );
}

/** The newest recordings of the month, each a link. */
export function Recordings({ recordings, more, units }: { recordings: readonly Recording[]; more: boolean; units: boolean }) {
  const t = useText("history");
  const columns: Column[] = [
    {
      head: t.columns.name,
      cells: recordings.map((one) => <a href={hrefOf("history", one.id)}>{nameOf(one, t)}</a>),
    },
    { head: t.columns.when, cells: recordings.map((one) => <time>{moment(one.started_at ?? one.created_at)}</time>) },
    { head: t.columns.length, cells: recordings.map((one) => clock(one.duration_s)) },
    { head: t.columns.faces, cells: recordings.map((one) => number(one.faces)) },
  ];
  if (!units) columns.push({ head: t.columns.shows, cells: recordings.map((one) => <Shows recording={one} />) });
  return (
    <section class="card" aria-label={t.month.recordings}>
      <h2>{t.month.recordings}</h2>
      <Table title={t.month.recordings} columns={columns} />
      {more && (
        <p class="muted">
          {t.month.newest} <a href={hrefOf("history")}>{t.back}</a>
        </p>
      )}
    </section>
  );
}

/** Who was recorded, and what each resembled most. */
export function People({ report, units }: PartProps) {
  const t = useText("history");
  const terms = useText("terms");
  if (!report.persons.length) return null;
  const columns: Column[] = [
    { head: t.filters.person, cells: report.persons.map((one) => one.name) },
    { head: t.month.recordings, cells: report.persons.map((one) => number(one.recordings)) },
    { head: t.columns.length, cells: report.persons.map((one) => clock(one.seconds)) },
  ];
  const most = (labels: Readonly<Record<string, number>>) => {
    const sum = Object.values(labels).reduce((all, n) => all + n, 0);
    const first = Object.entries(labels).sort(([, a], [, b]) => b - a)[0];
    return first ? `${named(first[0], terms)} ${percent(first[1] / sum)}` : "–";
  };
  if (!units) columns.push({ head: t.columns.shows, cells: report.persons.map((one) => most(one.labels)) });
  return (
    <section class="card" aria-label={t.month.persons}>
      <h2>{t.month.persons}</h2>
      <Table title={t.month.persons} columns={columns} />
    </section>
  );
}

/** "eyes-closed" as "eyesClosed", the key of its words. */
function keyOf(rule: string): string {
  return rule.replace(/[-_ ]+(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** How often each rule spoke up. */
export function Events({ report }: { report: MonthReport }) {
  const t = useText("history");
  const live = useText("live");
  const words: Readonly<Record<string, string>> = { ...live.events.rules, mark: live.mark.label };
  const told = Object.entries(report.events).sort(([, a], [, b]) => b - a);
  if (!told.length) return null;
  const columns: Column[] = [
    { head: t.episodes.what, cells: told.map(([rule]) => words[keyOf(rule)] ?? rule) },
    { head: t.month.times, cells: told.map(([, count]) => number(count)) },
  ];
  return (
    <section class="card" aria-label={t.events.title}>
      <h2>{t.events.title}</h2>
      <Table title={t.events.title} columns={columns} />
    </section>
  );
}
