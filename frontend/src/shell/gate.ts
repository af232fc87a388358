import { signal } from "@preact/signals";

import { api } from "../api/client";
import { onRefusal, RequestError } from "../api/http";
import type { About, Purpose } from "../api/types";

/** What the page has to ask before it can go on. */
export const asked = signal<"" | "purpose" | "token">("");
/** What the server says about itself; null before it answered. */
export const about = signal<About | null>(null);
/** The declared purpose; null before it is known or declared. */
export const purpose = signal<Purpose | null>(null);
/** False once a request found no server; true again with the next answer. */
export const reachable = signal(true);

/** Ask for a purpose (again): the reader may change it at any time. */
export function askPurpose(): void {
  asked.value = "purpose";
}

/** Learn what the server is and whether a purpose was declared; ask for what is missing. */
export async function enter(): Promise<void> {
  try {
    about.value = await api.about();
    reachable.value = true;
    purpose.value = await api.purpose();
    asked.value = "";
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (error.status === 404) asked.value = "purpose";
  }
}

onRefusal((error) => {
  if (error.status === 401) asked.value = "token";
  else if (error.code === "purpose_missing") asked.value = "purpose";
  if (error.status === 0) reachable.value = false;
});
