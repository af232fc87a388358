import { getJson, query, send, sendForm, sendJson, upload, type Upload } from "./http";
import type { MonthReport } from "./month";
import type {
  About,
  AskedOpinion,
  AuditEntry,
  ExportFormat,
  FaceEvent,
  Findings,
  Frames,
  Job,
  PhotosResult,
  Profile,
  Purpose,
  Recording,
  RecordingFilter,
  RecordingsPage,
  Timeline,
} from "./types";

export interface VideoRequest {
  name?: string;
  person?: string;
  keep_media?: boolean;
  retention_days?: number;
  options?: Record<string, unknown>;
  purpose?: Purpose;
}

const one = (id: string) => `/v1/recordings/${encodeURIComponent(id)}`;
const profile = (id: string) => `/v1/profiles/${encodeURIComponent(id)}`;

/** The server's calls, one function each. All raise RequestError. */
export const api = {
  about: () => getJson<About>("/v1/about"),
  signIn: (token: string) => sendJson<unknown>("POST", "/v1/session", { token }),

  /** The declared purpose; RequestError with status 404 where none was declared. */
  purpose: () => getJson<Purpose>("/v1/purpose"),
  declare: (purpose: Purpose) => sendJson<Purpose>("PUT", "/v1/purpose", purpose),

  images(files: readonly File[], mesh: boolean, signal?: AbortSignal): Promise<PhotosResult> {
    const form = new FormData();
    for (const file of files) form.append("files", file, file.name);
    form.append("mesh", String(mesh));
    return sendForm<PhotosResult>("POST", "/v1/images", form, signal);
  },

  video(file: File, request: VideoRequest, onShare: (share: number) => void): Upload<{ job: Job; recording: Recording }> {
    const form = new FormData();
    form.append("file", file, file.name);
    for (const [name, value] of Object.entries(request)) {
      if (value === undefined) continue;
      form.append(name, typeof value === "object" ? JSON.stringify(value) : String(value));
    }
    return upload("/v1/videos", form, onShare);
  },

  jobs: () => getJson<{ jobs: Job[] }>("/v1/jobs"),
  job: (id: string) => getJson<Job>(`/v1/jobs/${encodeURIComponent(id)}`),
  cancel: (id: string) => sendJson<Job>("POST", `/v1/jobs/${encodeURIComponent(id)}/cancel`, {}),
  jobEvents: (id: string) => `/v1/jobs/${encodeURIComponent(id)}/events`,

  recordings: (filter: RecordingFilter = {}) => getJson<RecordingsPage>(`/v1/recordings${query(filter)}`),
  recording: (id: string) => getJson<Recording>(one(id)),
  change: (id: string, fields: Partial<Recording>) => sendJson<Recording>("PATCH", one(id), fields),
  remove: (id: string) => send(one(id), { method: "DELETE" }),
  frames: (id: string, start?: number, end?: number, mesh?: boolean) =>
    getJson<Frames>(`${one(id)}/frames${query({ start, end, mesh })}`),
  timeline: (id: string, start?: number, end?: number, points?: number) =>
    getJson<Timeline>(`${one(id)}/timeline${query({ start, end, points })}`),
  episodes: (id: string) => getJson<Findings>(`${one(id)}/episodes`),
  opinions: (id: string) => getJson<{ opinions: AskedOpinion[] }>(`${one(id)}/opinions`),
  events: (id: string) => getJson<{ events: FaceEvent[] }>(`${one(id)}/events`),
  summary: (id: string) => getJson<Record<string, unknown>>(`${one(id)}/summary`),
  exportUrl: (id: string, format: ExportFormat) => `${one(id)}/export${query({ format })}`,
  reportUrl: (id: string) => `${one(id)}/report`,
  mediaUrl: (id: string) => `${one(id)}/media`,

  profiles: () => getJson<{ profiles: Profile[] }>("/v1/profiles"),
  addProfile: (name: string, notes = "") => sendJson<Profile>("POST", "/v1/profiles", { name, notes }),
  profile: (id: string) => getJson<Profile>(profile(id)),
  changeProfile: (id: string, fields: Partial<Profile>) => sendJson<Profile>("PATCH", profile(id), fields),
  removeProfile: (id: string, recordings: boolean) => send(`${profile(id)}${query({ recordings })}`, { method: "DELETE" }),
  baselineFromPhoto(id: string, photo: File): Promise<Profile> {
    const form = new FormData();
    form.append("file", photo, photo.name);
    return sendForm<Profile>("PUT", `${profile(id)}/baseline`, form);
  },
  baselineFromRecording: (id: string, recording: string, start_s: number, end_s: number) =>
    sendJson<Profile>("PUT", `${profile(id)}/baseline`, { recording, start_s, end_s }),
  profileExportUrl: (id: string) => `${profile(id)}/export`,

  monthly: (month: string) => getJson<MonthReport>(`/v1/reports/monthly${query({ month })}`),
  audit: (limit?: number, after?: string) => getJson<{ entries: AuditEntry[] }>(`/v1/audit${query({ limit, after })}`),
};
