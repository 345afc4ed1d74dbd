import { asksForKey, forgetKey, key } from "../state/key";

/** An answer that is none: the host's problem as RFC 9457 has it, or what kept one from coming. */
export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    /** The problem's kind, such as `unknown-customer`; `unreachable` and `slow` are ours. */
    readonly code: string,
    message: string,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
  }

  /** The host has no such endpoint, because it is of another version. */
  get isMissing(): boolean {
    return this.code === "no-such-route" || this.code === "method-not-allowed";
  }
}

export interface Ask {
  method?: "GET" | "POST";
  /** Sent as JSON. */
  body?: unknown;
  query?: Record<string, string | number | undefined>;
  signal?: AbortSignal;
  timeoutMs?: number;
}

const PatienceMs = 15_000;

/** Asks the API and gives its JSON. Paths are relative, so that the host may stand behind a prefix. */
export async function ask<T>(path: string, options: Ask = {}): Promise<T> {
  const answer = await send(path, options);
  return (await answer.json()) as T;
}

/** Asks the API and gives the answer as it comes, for those that stream. */
export async function send(path: string, { method = "GET", body, query, signal, timeoutMs = PatienceMs }: Ask): Promise<Response> {
  const shown = key.get();
  const headers: Record<string, string> = {};
  if (shown) headers["Authorization"] = `Bearer ${shown}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), timeoutMs);
  const stop = () => patience.abort();
  signal?.addEventListener("abort", stop);
  try {
    const answer = await fetch(path + search(query), {
      method, headers, cache: "no-store", signal: patience.signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.ok) return answer;
    throw await problemOf(answer, shown);
  } catch (e) {
    if (e instanceof ApiError || signal?.aborted) throw e;
    if (patience.signal.aborted) throw new ApiError(0, "slow", `no answer within ${timeoutMs / 1000} seconds`);
    throw new ApiError(0, "unreachable", "the host does not answer");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

function search(query: Ask["query"]): string {
  const given = Object.entries(query ?? {}).filter((e): e is [string, string | number] => e[1] !== undefined && e[1] !== "");
  return given.length === 0 ? "" : "?" + new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
}

async function problemOf(answer: Response, shown: string | null): Promise<ApiError> {
  const problem = await readProblem(answer);
  if (answer.status === 401 && key.get() === shown) {
    if (shown) forgetKey();
    if (shown || asksForKey.get() === null) asksForKey.set(shown ? problem.detail : ""); // why the last key was not taken outlives the requests that had none
  }
  const after = Number(answer.headers.get("Retry-After"));
  return new ApiError(answer.status, problem.type.replace(/^urn:lambda:problem:/, ""), problem.detail, after > 0 ? after : null);
}

async function readProblem(answer: Response): Promise<{ type: string; detail: string }> {
  try {
    const problem = (await answer.json()) as { type?: string; title?: string; detail?: string };
    return { type: problem.type ?? "", detail: problem.detail ?? problem.title ?? `HTTP ${answer.status}` };
  } catch {
    return { type: "", detail: `HTTP ${answer.status}, and not in words: is there something between this page and the host?` };
  }
}
