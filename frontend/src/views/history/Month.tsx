import { useEffect, useState } from "preact/hooks";

import { api } from "../../api/client";
import type { MonthReport } from "../../api/month";
import type { Recording } from "../../api/types";
import { Button, Notice, Progress, Select } from "../../components";
import { fill, language, monthName, number, useText } from "../../i18n";
import { lineOf } from "../../shell/faults";
import { goTo, hrefOf } from "../../shell/router";
import { mode } from "../purpose/state";
import { Days } from "./MonthDays";
import { Episodes, Events, Expressions, People, Recordings } from "./MonthParts";
import { clock } from "./words";

const OFFERED = 24;
const SHOWN = 10;

/** "2026-11" of now, or so many months away from another; months are of UTC, as the server counts them. */
export function monthOf(from = new Date().toISOString().slice(0, 7), away = 0): string {
  const [year = 0, month = 1] = from.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 + away, 1)).toISOString().slice(0, 7);
}

interface Loaded {
  report: MonthReport;
  recordings: Recording[];
  more: boolean;
}

/** A month's sums and its newest recordings; null while they come, a line where they do not. */
function useMonth(month: string): Loaded | string | null {
  const c = useText("common");
  const [found, setFound] = useState<Loaded | string | null>(null);
  useEffect(() => {
    let wanted = true;
    setFound(null);
    const span = { since: `${month}-01T00:00:00Z`, until: `${monthOf(month, 1)}-01T00:00:00Z`, limit: SHOWN };
    Promise.all([api.monthly(month), api.recordings(span)]).then(
      ([report, page]) => wanted && setFound({ report, recordings: page.recordings, more: page.next !== null }),
      (error: unknown) => wanted && setFound(lineOf(error, c)),
    );
    return () => {
      wanted = false;
    };
  }, [month]);
  return found;
}

function Picker({ month }: { month: string }) {
  const t = useText("history").month;
  const now = monthOf();
  const offered = Array.from({ length: OFFERED }, (_, back) => monthOf(now, -back));
  const months = offered.includes(month) ? offered : [month, ...offered].sort().reverse();
  const go = (to: string) => goTo("history", "month", to);
  return (
    <div class="month-picker">
      <Button icon="previous" label={t.before} onClick={() => go(monthOf(month, -1))} />
      <Select
        compact
        label={t.which}
        value={month}
        options={months.map((one) => [one, monthName(one)] as const)}
        onChange={go}
      />
      <Button icon="next" label={t.after} disabled={month >= now} onClick={() => go(monthOf(month, 1))} />
    </div>
  );
}

function Totals({ report, units }: { report: MonthReport; units: boolean }) {
  const t = useText("history").month;
  const terms = useText("terms");
  const facts: [string, string][] = [
    [t.recordings, number(report.recordings)],
    [t.time, clock(report.seconds)],
    [t.frames, number(report.frames)],
    [t.rows, number(report.rows)],
  ];
  if (!units && report.valence !== null && report.arousal !== null) {
    facts.push([terms.valence, number(report.valence, 2)], [terms.arousal, number(report.arousal, 2)]);
  }
  return (
    <dl class="facts month-totals">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Sums({ report, recordings, more }: Loaded) {
  const t = useText("history").month;
  const units = mode.value === "action_units";
  if (!report.recordings) return <p class="card empty">{fill(t.none, { month: monthName(report.month) })}</p>;
  return (
    <>
      <section class="card" aria-label={t.days}>
        <Totals report={report} units={units} />
        <Days report={report} />
      </section>
      <div class="history-pair">
        <Expressions report={report} units={units} />
        <Episodes report={report} units={units} />
      </div>
      <Recordings recordings={recordings} more={more} units={units} />
      <div class="history-pair">
        <People report={report} units={units} />
        {!units && <Events report={report} />}
      </div>
    </>
  );
}

/** What a month held: totals, days, shares of expressions, episodes, recordings. */
export function Month({ month }: { month: string }) {
  const t = useText("history");
  const c = useText("common");
  const found = useMonth(month);
  // Names of months follow the language.
  void language.value;
  return (
    <>
      <a class="history-back" href={hrefOf("history")}>
        ← {t.back}
      </a>
      <div class="spread">
        <h1>{t.month.title}</h1>
        <Picker month={month} />
      </div>
      <p class="muted">{t.month.lead}</p>
      {found === null && <Progress text={c.loading} />}
      {typeof found === "string" && <Notice kind="error">{found}</Notice>}
      {found !== null && typeof found !== "string" && <Sums {...found} />}
    </>
  );
}
