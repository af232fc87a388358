/** A month in sums (store/reports.py); of recordings in action-unit mode there are no labels. */
export interface MonthReport {
  month: string;
  recordings: number;
  seconds: number;
  frames: number;
  rows: number;
  valence: number | null;
  arousal: number | null;
  days: { day: string; recordings: number; seconds: number }[];
  shares: Record<string, number>;
  persons: { person: string; name: string; recordings: number; seconds: number; labels: Record<string, number> }[];
  episodes: { kind: string; label: string; count: number; seconds: number }[];
  events: Record<string, number>;
}
