import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface SwitchProps {
  label: string;
  on: boolean;
  onChange: (on: boolean) => void;
  hint?: string;
  disabled?: boolean;
}

/** A choice of yes or no that acts at once. */
export function Switch({ label, on, onChange, hint, disabled }: SwitchProps) {
  const id = useId();
  return (
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        checked={on}
        disabled={disabled}
        aria-describedby={hint ? id : undefined}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span class="switch-track" aria-hidden="true" />
      <span>
        {label}
        {hint && (
          <small id={id} class="hint">
            {hint}
          </small>
        )}
      </span>
    </label>
  );
}

export interface SelectProps<K extends string> {
  label: string;
  value: K;
  options: readonly (readonly [K, string])[];
  onChange: (value: K) => void;
  /** Keep the label for screen readers only. */
  compact?: boolean;
}

export function Select<K extends string>({ label, value, options, onChange, compact }: SelectProps<K>) {
  return (
    <label class="field">
      <span class={compact ? "unseen" : "field-label"}>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value as K)}>
        {options.map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A label above any input; the input has to be its only child. */
export function Field({ label, hint, children }: { label: string; hint?: string; children: ComponentChildren }) {
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      {children}
      {hint && <small class="hint">{hint}</small>}
    </label>
  );
}
