import { signal } from "@preact/signals";

/** Where the reader is: `#/history/abc?label=fear` is {name: "history", rest: ["abc"], query: label=fear}. */
export interface Place {
  name: string;
  rest: string[];
  query: URLSearchParams;
}

function here(): Place {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [name = "", ...rest] = path.split("/").filter(Boolean).map(decodeURIComponent);
  return { name, rest, query: new URLSearchParams(query) };
}

export const place = signal<Place>(here());

addEventListener("hashchange", () => {
  place.value = here();
});

/** The address of a view, to be used as `href`. */
export function hrefOf(name: string, ...rest: string[]): string {
  return `#/${[name, ...rest].map(encodeURIComponent).join("/")}`;
}

export function goTo(name: string, ...rest: string[]): void {
  location.hash = hrefOf(name, ...rest);
}
