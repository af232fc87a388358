import type { ViewProps } from "../../shell/routes";
import { Compare } from "./Compare";
import { List } from "./List";
import { RecordingView } from "./RecordingView";
import "./history.css";

/** #/history, #/history/ID, #/history/compare/ID/ID. */
export default function History({ rest, query }: ViewProps) {
  const [first, ...others] = rest;
  if (first === "compare") return <Compare ids={others} />;
  if (first) return <RecordingView key={first} id={first} />;
  return <List query={query} />;
}
