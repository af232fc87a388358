/** What the page remembers in this browser: choices only, never a picture or a name. */

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(`mimika.${name}`);
  } catch {
    return null; // Storage is blocked in some private windows; the page works without.
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`mimika.${name}`, value);
  } catch {
    // See above.
  }
}
