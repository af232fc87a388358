import type { Episode } from "../../api/types";
import type { Dictionary } from "../../i18n";

/** An episode in words: "happiness", "AU12 Lip corner puller, left". */
export function nameOf(episode: Episode, t: Dictionary["terms"]): string {
  const label = t.labels[episode.label as keyof typeof t.labels];
  if (label) return label;
  const state = t.states[episode.label as keyof typeof t.states];
  if (state) return state;
  const unit = t.units[episode.label as keyof typeof t.units];
  const name = unit ? `${episode.label} ${unit}` : episode.label;
  const side = episode.side === "left" ? t.left : episode.side === "right" ? t.right : "";
  return side ? `${name}, ${side.toLowerCase()}` : name;
}
