import type { Recording } from "../../api/types";
import { fill, moment, type Dictionary } from "../../i18n";

/** Seconds as 1:05 or 1:02:05. */
export function clock(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export function nameOf(recording: Recording, t: Dictionary["history"]): string {
  return recording.name || t.unnamed;
}

/** Until when it is kept, in words. */
export function keptOf(recording: Recording, t: Dictionary["history"]): string {
  return recording.expires_at ? fill(t.keptUntil, { when: moment(recording.expires_at) }) : t.forever;
}

/** The labels by how many rows have them, as shares, the largest first. */
export function sharesOf(recording: Recording): [string, number][] {
  const counts = Object.entries(recording.labels);
  const sum = counts.reduce((all, [, n]) => all + n, 0);
  return counts
    .map(([label, n]): [string, number] => [label, sum ? n / sum : 0])
    .sort((a, b) => b[1] - a[1]);
}

/** What one face did, as the server stores it (stages/timeline/summary.py); everything may be missing. */
export interface FaceSummary {
  face: number;
  seconds: number;
  labels?: Record<string, number>;
  action_units?: Record<string, { mean: number; peak: number; share: number }>;
  episodes_per_minute?: number | null;
  transitions_per_minute?: number | null;
  blinks?: { per_minute?: number | null; mean_s?: number | null } | null;
}

export function summariesOf(summary: Record<string, unknown> | null): FaceSummary[] {
  const faces = summary?.["faces"];
  return Array.isArray(faces) ? (faces as FaceSummary[]) : [];
}
