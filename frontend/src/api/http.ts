import type { ServerFault } from "./types";

/** The server's answer to a request that it did not carry out: its code, its one-line message, the HTTP status. */
export class RequestError extends Error {
  readonly code: string;
  readonly status: number;
  readonly retryAfterS: number | null;

  constructor(code: string, message: string, status: number, retryAfterS: number | null = null) {
    super(message);
    this.name = "RequestError";
    this.code = code;
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

/** Not an answer but silence: the server cannot be reached. */
export const OFFLINE = "offline";

type Listener = (error: RequestError) => void;
const listeners = new Set<Listener>();

/** Be told of every refused request: the shell asks for a token or a purpose. Returns how to stop. */
export function onRefusal(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function refused(error: RequestError): RequestError {
  for (const listener of listeners) listener(error);
  return error;
}

/** Writes carry this header, which another site's form cannot send. */
const OWN: Readonly<Record<string, string>> = { "X-Mimika": "1" };

function faultOf(text: string, status: number, retryAfter: string | null): RequestError {
  let fault: Partial<ServerFault> = {};
  try {
    fault = (JSON.parse(text) as { error?: ServerFault }).error ?? {};
  } catch {
    // A proxy's page instead of the server's answer.
  }
  const wait = retryAfter === null ? null : Number(retryAfter);
  return refused(new RequestError(fault.code ?? `http_${status}`, fault.message ?? `HTTP ${status}`, status, wait));
}

/** Send a request to this server and return its answer. Raises RequestError; an AbortError passes through. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { ...OWN, ...(init.headers as Record<string, string>) } });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw refused(new RequestError(OFFLINE, String(error), 0));
  }
  if (response.ok) return response;
  throw faultOf(await response.text(), response.status, response.headers.get("Retry-After"));
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await send(path, signal ? { signal } : {})).json() as Promise<T>;
}

export async function sendJson<T>(method: "POST" | "PUT" | "PATCH", path: string, body: unknown): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  const response = await send(path, { method, headers, body: JSON.stringify(body) });
  return (response.status === 204 ? null : await response.json()) as T;
}

export async function sendForm<T>(
  method: "POST" | "PUT",
  path: string,
  form: FormData,
  signal?: AbortSignal,
): Promise<T> {
  return (await send(path, { method, body: form, ...(signal ? { signal } : {}) })).json() as Promise<T>;
}

export interface Upload<T> {
  answer: Promise<T>;
  abort: () => void;
}

/** Send a large form; `onShare` hears what share 0..1 has gone out, which fetch cannot tell. */
export function upload<T>(path: string, form: FormData, onShare: (share: number) => void): Upload<T> {
  const request = new XMLHttpRequest();
  const answer = new Promise<T>((resolve, reject) => {
    request.upload.onprogress = (event) => event.lengthComputable && onShare(event.loaded / event.total);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as T);
      else reject(faultOf(request.responseText, request.status, request.getResponseHeader("Retry-After")));
    };
    request.onerror = () => reject(refused(new RequestError(OFFLINE, "", 0)));
    request.onabort = () => reject(new DOMException("", "AbortError"));
  });
  request.open("POST", path);
  for (const [name, value] of Object.entries(OWN)) request.setRequestHeader(name, value);
  request.send(form);
  return { answer, abort: () => request.abort() };
}

/** "?a=1&b=2" without what is undefined or empty. */
export function query(values: object): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `?${text}` : "";
}
