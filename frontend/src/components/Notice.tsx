import type { ComponentChildren } from "preact";

import { Icon, type IconName } from "./Icon";

export interface NoticeProps {
  kind?: "info" | "warning" | "error";
  icon?: IconName;
  children: ComponentChildren;
}

/** A line or two that stay on the page. Errors are announced. */
export function Notice({ kind = "info", icon, children }: NoticeProps) {
  return (
    <div class={`notice notice-${kind}`} role={kind === "error" ? "alert" : undefined}>
      <Icon name={icon ?? (kind === "info" ? "about" : "warning")} />
      <div>{children}</div>
    </div>
  );
}

/** Something is under way; `share` 0..1 where it is known. */
export function Progress({ text, share }: { text: string; share?: number | null | undefined }) {
  return (
    <div class="progress">
      <span>{text}</span>
      {share === undefined || share === null ? (
        <progress aria-label={text} />
      ) : (
        <progress aria-label={text} max={1} value={share} />
      )}
    </div>
  );
}
