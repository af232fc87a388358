import { OFFLINE, RequestError } from "../api/http";
import { say } from "../components/Toast";
import type { Dictionary } from "../i18n";

/** One line for the reader. The server names the thing and the reason; the page adds what to do. */
export function lineOf(error: unknown, t: Dictionary["common"]): string {
  if (!(error instanceof RequestError)) return error instanceof Error ? error.message : String(error);
  if (error.code === OFFLINE) return t.unreachable;
  if (error.status === 429) return t.busy;
  if (error.status === 413) return `${t.too_large} ${error.message}`;
  return error.message;
}

/** Tell a refused request in a toast, but not what a dialog asks for already, nor what the reader stopped. */
export function tell(error: unknown, t: Dictionary["common"]): void {
  if (error instanceof DOMException && error.name === "AbortError") return;
  if (error instanceof RequestError && (error.status === 401 || error.code === "purpose_missing")) return;
  say(lineOf(error, t), "error");
}
