import { signal } from "@preact/signals";

import { useText } from "../i18n";
import { Button } from "./Button";

export interface Toast {
  id: number;
  kind: "info" | "error";
  text: string;
}

const SHOWN_MS = 6000;
const toasts = signal<readonly Toast[]>([]);
let count = 0;

function drop(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Say something in passing; errors stay until they are closed. */
export function say(text: string, kind: Toast["kind"] = "info"): void {
  const id = ++count;
  toasts.value = [...toasts.value.filter((toast) => toast.text !== text), { id, kind, text }].slice(-3);
  if (kind === "info") setTimeout(() => drop(id), SHOWN_MS);
}

/** Where toasts appear; screen readers hear them. */
export function Toasts() {
  const t = useText("common");
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast toast-${toast.kind}`}>
          <span>{toast.text}</span>
          <Button kind="quiet" icon="close" label={t.close} onClick={() => drop(toast.id)} />
        </div>
      ))}
    </div>
  );
}
