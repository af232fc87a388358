import { signal } from "@preact/signals";

import { kept, keep } from "./memory";

export type Theme = "auto" | "light" | "dark";
export const THEMES: readonly Theme[] = ["auto", "light", "dark"];

/** What the reader chose; "auto" follows the system. */
export const theme = signal<Theme>("auto");
/** Grows whenever colours change, so that canvases draw themselves anew. */
export const colours = signal(0);

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  keep("theme", chosen);
  document.documentElement.dataset["theme"] = chosen;
  colours.value += 1;
}

/** Apply the kept theme and follow the system's. */
export function startTheme(): void {
  const known = kept("theme");
  chooseTheme(THEMES.find((one) => one === known) ?? "auto");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colours.value += 1;
  });
}

/** The colour of a token such as "--accent" as the page shows it now, for canvases. */
export function colourOf(token: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
