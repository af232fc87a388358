import type { MonthReport } from "../../api/month";
import { fill, monthName, number, useText } from "../../i18n";
import { clock } from "./words";

/** Every so many days has its number under the chart. */
const MARKED = 5;

interface Day {
  day: number;
  recordings: number;
  seconds: number;
}

/** All days of the month, those without a recording too. */
function daysOf(report: MonthReport): Day[] {
  const [year = 0, month = 1] = report.month.split("-").map(Number);
  const known = new Map(report.days.map((one) => [Number(one.day.slice(8)), one]));
  return Array.from({ length: new Date(Date.UTC(year, month, 0)).getUTCDate() }, (_, at) => ({
    day: at + 1,
    recordings: known.get(at + 1)?.recordings ?? 0,
    seconds: known.get(at + 1)?.seconds ?? 0,
  }));
}

function inWords({ day, recordings, seconds }: Day, t: { day: string }): string {
  return fill(t.day, { day, n: number(recordings), time: clock(seconds) });
}

/** How long was recorded on each day, as columns, and as a list for those who do not see them. */
export function Days({ report }: { report: MonthReport }) {
  const t = useText("history").month;
  const days = daysOf(report);
  const most = Math.max(1, ...days.map((one) => one.seconds));
  return (
    <figure class="month-days">
      <figcaption class="spread">
        <span>{t.days}</span>
        <span class="muted">{fill(t.most, { time: clock(most) })}</span>
      </figcaption>
      <div class="month-columns" aria-hidden="true">
        {days.map((one) => (
          <div key={one.day} class="month-day" title={inWords(one, t)}>
            <span class="month-column" style={{ height: `${(100 * one.seconds) / most}%` }} />
            <span class="month-mark">{one.day === 1 || one.day % MARKED === 0 ? one.day : ""}</span>
          </div>
        ))}
      </div>
      <ul class="unseen" aria-label={`${t.days}, ${monthName(report.month)}`}>
        {days
          .filter((one) => one.recordings)
          .map((one) => (
            <li key={one.day}>{inWords(one, t)}</li>
          ))}
      </ul>
    </figure>
  );
}
