import type { ButtonHTMLAttributes, ComponentChildren } from "preact";

import { Icon, type IconName } from "./Icon";

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "icon" | "size"> {
  kind?: "primary" | "plain" | "quiet" | "danger";
  icon?: IconName;
  /** Shown to screen readers and as a tooltip when there is only an icon. */
  label?: string;
  /** For buttons that switch something on and off. */
  pressed?: boolean;
  children?: ComponentChildren;
}

/** A button with words, an icon, or both; an icon alone needs `label`. */
export function Button({ kind = "plain", icon, label, pressed, children, class: extra, ...rest }: ButtonProps) {
  const bare = children === undefined;
  return (
    <button
      type="button"
      class={`button button-${kind} ${bare ? "button-icon" : ""} ${String(extra ?? "")}`}
      aria-label={label}
      title={bare ? label : undefined}
      aria-pressed={pressed}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}
