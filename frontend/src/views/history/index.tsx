import type { ViewProps } from "../../shell/routes";
import { Compare } from "./Compare";
import { List } from "./List";
import { Month, monthOf } from "./Month";
import { RecordingView } from "./RecordingView";
import "./history.css";

/** #/history, #/history/ID, #/history/month/2026-11, #/history/compare/ID/ID. */
export default function History({ rest, query }: ViewProps) {
  const [first, ...others] = rest;
  if (first === "compare") return <Compare ids={others} />;
  if (first === "month") return <Month month={/^\d{4}-\d{2}$/.test(others[0] ?? "") ? (others[0] as string) : monthOf()} />;
  if (first) return <RecordingView key={first} id={first} />;
  return <List query={query} />;
}
