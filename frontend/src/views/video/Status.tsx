import { Button, Notice, Progress } from "../../components";
import { fill, percent, plural, useText } from "../../i18n";
import { lineOf, tell } from "../../shell/faults";
import type { Analysis } from "./analysis";

interface Asked {
  outcomes?: Record<string, number>;
  failures?: string[];
}

/** How many second opinions were asked for in vain, and why, in the server's own words. */
export function NotHad({ analysis }: { analysis: Analysis }) {
  const t = useText("video");
  const { outcomes = {}, failures = [] } = (analysis.recording.value?.summary?.["second_opinion"] ?? {}) as Asked;
  const had = ["answered", "cached", "late"];
  const count = Object.entries(outcomes).reduce((sum, [name, n]) => sum + (had.includes(name) ? 0 : n), 0);
  if (analysis.running || !count) return null;
  return (
    <Notice kind="warning">
      {plural(t.not_had, count)}
      {failures.map((line) => (
        <small key={line}> {line}</small>
      ))}
    </Notice>
  );
}

/** How far it is, with a way to stop it; and what went wrong. */
export function Status({ analysis }: { analysis: Analysis }) {
  const t = useText("video");
  const c = useText("common");
  const phase = analysis.phase.value;
  const share = analysis.share.value;
  const error = analysis.error.value;
  if (phase === "done" || phase === "opening") return null;
  if (phase === "failed") return <Notice kind="error">{error ? lineOf(error, c) : t.failed}</Notice>;
  if (phase === "cancelled") return <Notice kind="warning">{t.cancelled}</Notice>;
  const words = { uploading: t.uploading, waiting: t.waiting, running: t.running }[phase];
  const text = share === null ? words : fill(t.so_far, { what: words, share: percent(share) });
  return (
    <div class="video-status">
      <Progress text={text} share={share} />
      <Button icon="close" onClick={() => void analysis.cancel().catch((fault: unknown) => tell(fault, c))}>
        {t.stop}
      </Button>
    </div>
  );
}
