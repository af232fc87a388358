import { useText } from "../i18n";
import { curvesOf, type Aspect } from "./curves";
import "./curves.css";

export interface LegendProps {
  aspect: Aspect;
  /** The values under the pointer, by name, where there is one. */
  values?: Readonly<Record<string, string>>;
}

/** Which colour is what. */
export function Legend({ aspect, values = {} }: LegendProps) {
  const t = useText("terms");
  const names: Record<string, string> = { ...t.labels, pitch: t.pitch, yaw: t.yaw, roll: t.roll };
  return (
    <div class="legend">
      {Object.entries(curvesOf(aspect)).map(([name, token]) => (
        <span key={name} class="legend-key" style={{ "--own": `var(${token})` }}>
          {names[name] ?? `${name} ${t.units[name as keyof typeof t.units] ?? ""}`}
          {values[name] && <b>{values[name]}</b>}
        </span>
      ))}
    </div>
  );
}
