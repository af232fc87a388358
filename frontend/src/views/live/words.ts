import { useEffect, useState } from "preact/hooks";

import type { Face } from "../../api/types";
import { fill, useText, type Dictionary } from "../../i18n";
import type { LiveSession } from "./session";

const SECONDS = 3;
/** A screen reader is told at most this often, and only what has changed. */
const SAY_MS = 4000;

/** 3, 2, 1 while the neutral face is measured, else 0. */
export function useCountdown(active: boolean): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    setLeft(active ? SECONDS : 0);
    if (!active) return;
    const timer = setInterval(() => setLeft((n) => Math.max(1, n - 1)), 1000);
    return () => clearInterval(timer);
  }, [active]);
  return left;
}

function describe(faces: readonly Face[], live: Dictionary["live"], terms: Dictionary["terms"]): string {
  if (faces.length === 0) return live.noFace;
  return faces
    .map((face) => {
      const name = fill(live.faceNumber, { n: face.id });
      if (!face.resembles) return `${name}: ${live.unitsOnly}`;
      const label = terms.labels[face.resembles];
      return `${name}: ${fill(face.unsure ? live.unsure : live.resembles, { label })}`;
    })
    .join("; ");
}

/** What is seen now, in words; it changes seldom enough to be listened to. */
export function useNow(session: LiveSession): string {
  const live = useText("live");
  const terms = useText("terms");
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setInterval(() => {
      const seen = session.seen.peek();
      setSaid(seen ? describe(seen.faces, live, terms) : "");
    }, SAY_MS);
    return () => clearInterval(timer);
  }, [session, live, terms]);
  return said;
}
