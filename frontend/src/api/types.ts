/** What the server says and hears, as its OpenAPI description has it: seconds, pixels, degrees, shares 0..1. */

export const LABELS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"] as const;
export type Label = (typeof LABELS)[number];
export type Shares = Record<Label, number>;

/** [x, y, width, height] in pixels of the upright picture. */
export type Box = [number, number, number, number];
export type Point = [number, number, number];
export type Mode = "expressions" | "action_units";

export interface Pose {
  pitch: number;
  yaw: number;
  roll: number;
}

export interface SecondOpinion {
  label: Label | null;
  probabilities: Shares | null;
  evidence: string;
  origin: string;
  /** What this machine alone said; the face itself holds both, mixed. */
  local?: Shares | null;
}

export interface Face {
  id: number;
  box: Box;
  score: number;
  presence: number;
  pose: Pose | null;
  label: Label | "unsure" | null;
  resembles: Label | null;
  unsure: boolean | null;
  confidence: number | null;
  probabilities: Shares | null;
  valence: number | null;
  arousal: number | null;
  action_units: Record<string, number> | null;
  eye_openness: [number | null, number | null] | null;
  gaze: [number | null, number | null] | null;
  mesh?: Point[] | null;
  indicators?: Record<string, number | null> | null;
  second_opinion?: SecondOpinion | null;
}

export interface ServerFault {
  code: string;
  message: string;
}

export interface PhotoResult {
  name: string;
  width: number;
  height: number;
  faces: Face[];
  error: ServerFault | null;
}

export interface PhotosResult {
  mode: Mode;
  images: PhotoResult[];
}

export const PURPOSES = [
  "research",
  "user_research",
  "clinical",
  "safety",
  "education",
  "workplace",
  "personal",
  "other",
] as const;
export type PurposeKind = (typeof PURPOSES)[number];

export interface Purpose {
  kind: PurposeKind;
  ground: "" | "medical" | "safety";
  note: string;
  declared_by?: string;
  declared_at?: string;
  mode?: Mode;
}

export interface ModelCard {
  name: string;
  version: string | number;
  sha256: string;
  licence: string;
  bytes: number;
  [more: string]: unknown;
}

export interface About {
  version: string;
  languages: string[];
  models: ModelCard[];
  labels: string[];
  action_units: string[];
  limits: Record<string, number | string | null>;
  mode: Mode | null;
  token_required: boolean;
  cloud: boolean;
}

export type JobStatus = "queued" | "running" | "done" | "failed" | "cancelled";

export interface Job {
  id: string;
  recording: string;
  status: JobStatus;
  frames_done: number;
  frames_total: number | null;
  time_s: number | null;
  error: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
}

export interface Recording {
  id: string;
  name: string;
  kind: "video" | "live" | "photo";
  created_at: string;
  started_at: string | null;
  duration_s: number | null;
  width: number | null;
  height: number | null;
  fps: number | null;
  frames: number;
  faces: number;
  labels: Record<string, number>;
  model: string;
  mode: Mode;
  purpose: Purpose | null;
  person: string | null;
  notes: string;
  keep_media: boolean;
  /** Whether the film itself is on the server. */
  media?: boolean;
  expires_at: string | null;
  status: "open" | "complete" | "interrupted" | "failed";
  summary: Record<string, unknown> | null;
}

export interface RecordingsPage {
  recordings: Recording[];
  next: string | null;
}

export interface RecordingFilter {
  since?: string;
  until?: string;
  person?: string;
  label?: string;
  kind?: string;
  text?: string;
  limit?: number;
  after?: string;
}

export interface FrameFace {
  id: number;
  box: Box;
  label: Label | "unsure" | null;
  confidence: number | null;
  /** The cloud model whose opinion is mixed in; only where there is one. */
  origin?: string;
  mesh?: Point[] | null;
}

/** Faces by frame: `faces[i]` are those at `time_s[i]`. */
export interface Frames {
  time_s: number[];
  faces: FrameFace[][];
}

type Series = (number | null)[];

export interface FaceTimeline {
  id: number;
  time_s: number[];
  probabilities: Partial<Record<Label, Series>> | null;
  action_units: Record<string, Series> | null;
  pose: Partial<Record<keyof Pose, Series>> | null;
  eye_openness: [Series, Series] | null;
  valence: Series | null;
  arousal: Series | null;
  indicators?: Record<string, Series> | null;
}

export interface Timeline {
  faces: FaceTimeline[];
}

export interface Episode {
  kind: "expression" | "action_unit" | "micro" | "state";
  label: string;
  side: "" | "left" | "right" | "both";
  onset_s: number;
  apex_s: number;
  offset_s: number;
  peak: number;
  confidence: number;
  face: number;
}

export interface Transition {
  origin: string;
  target: string;
  start_s: number;
  when_s: number;
  end_s: number;
  face: number;
}

export interface Mixture {
  shares: [string, number][];
  name: string;
  onset_s: number;
  offset_s: number;
  face: number;
}

export interface Findings {
  episodes: Episode[];
  transitions: Transition[];
  mixtures: Mixture[];
}

/** A question to a cloud model about a face at a time, and what became of it. */
export interface AskedOpinion extends Omit<SecondOpinion, "evidence" | "origin"> {
  face: number;
  time_s: number;
  outcome: string;
  reason: string;
  evidence: string | null;
  origin: string | null;
}

export interface FaceEvent {
  event: string;
  phase: "begin" | "end";
  source: string;
  face_id: number;
  time_s: number;
  since_s: number;
  lasted_s: number;
  signal: string;
  value: number | null;
  message: string;
  suggest: string;
  mark: string | null;
  mark_s: number | null;
}

export interface Profile {
  id: string;
  name: string;
  notes: string;
  created_at: string;
  baseline: unknown;
}

export interface AuditEntry {
  at: string;
  action: string;
  owner: string;
  subject: string;
  details: Record<string, unknown>;
}

export const EXPORTS = [
  "csv",
  "json",
  "parquet",
  "jsonl",
  "openface",
  "feat",
  "elan",
  "boris",
  "webvtt",
  "srt",
  "facereader",
] as const;
export type ExportFormat = (typeof EXPORTS)[number];
