// What the whole page follows: the engine's status, its runs, and the last minutes of both as points of charts.
import { ask, ApiError } from "../api/client";
import type { Run, Status } from "../api/types";
import { evaluate, Unknown, type Alert, type Watch } from "../view/alerts";
import { createStore } from "./store";

const PollMs = 2_000;
const RetryMsMax = 16_000;
const SlowMs = 1_500;
const PointsMax = 180; // six minutes
const RunsEvery = 2; // polls

/** One moment; rates are of the time since the moment before. */
export interface Point {
  atMs: number;
  appendedPerS: number;
  foldedPerS: number;
  sunkPerS: number;
  freshnessMs: number;
  toFold: number;
  toSink: number;
}

export interface Live {
  status: Status | null;
  runs: Run[] | null;
  points: Point[];
  alerts: Alert[];
  error: ApiError | null;
  isSlow: boolean;
}

const Nothing: Live = { status: null, runs: null, points: [], alerts: [], error: null, isSlow: false };

export const live = createStore<Live>(Nothing);

/** Of the partitions that both know: one that moved meanwhile did not take in all it has at once. */
function grown(before: Status, now: Status, of: "end" | "applied" | "sunk"): number {
  const known = new Map(before.partitions.filter((p) => p.state !== Unknown).map((p) => [p.partition, p]));
  return now.partitions.reduce((n, p) => n + Math.max(0, p[of] - (known.get(p.partition)?.[of] ?? p[of])), 0);
}

const sumOver = (status: Status, of: (p: Status["partitions"][number]) => number) => status.partitions.reduce((n, p) => n + Math.max(0, of(p)), 0);

export const lagOf = (status: Status) => ({
  toFold: sumOver(status, (p) => p.end - p.applied),
  toSink: sumOver(status, (p) => p.end - p.sunk),
  freshnessMs: Math.max(0, ...status.partitions.map((p) => p.freshness_ms)),
});

/** Polls until it is stopped; not while the tab is hidden, and ever less often while the host does not answer. */
export function follow(): () => void {
  let timer = 0;
  let polls = 0;
  let failures = 0;
  let gone = new AbortController();
  let before: { status: Status; atMs: number } | null = null;
  let first: Status | null = null;
  let watch: Watch = new Map();
  live.set(Nothing);

  const round = async (signal: AbortSignal) => {
    const slow = setTimeout(() => live.set({ ...live.get(), isSlow: true }), SlowMs);
    try {
      const status = await ask<Status>("v1/admin/status", { signal });
      const atMs = Date.now();
      const runs = polls++ % RunsEvery === 0 ? (await ask<{ runs: Run[] }>("v1/admin/batch/runs", { query: { limit: 20 }, signal })).runs : live.get().runs;
      if (signal.aborted) return;
      const points = before ? [...live.get().points, pointOf(before, { status, atMs })].slice(-PointsMax) : [];
      const evaluated = evaluate({ status, runs: runs ?? [], first: (first ??= status), nowMs: atMs }, watch);
      watch = evaluated.watch;
      before = { status, atMs };
      failures = 0;
      live.set({ status, runs, points, alerts: evaluated.alerts, error: null, isSlow: false });
      timer = window.setTimeout(() => round(signal), PollMs);
    } catch (e) {
      if (signal.aborted) return;
      failures++;
      const error = e instanceof ApiError ? e : new ApiError(0, "bug", `this page has a fault: ${String(e)}`);
      live.set({ ...live.get(), error, isSlow: false });
      if (error.status === 401 || error.status === 403 || error.isMissing) return; // asking again would not help
      before = null; // a rate over the gap would say nothing
      timer = window.setTimeout(() => round(signal), Math.min(RetryMsMax, PollMs * 2 ** Math.min(3, failures - 1)));
    } finally {
      clearTimeout(slow);
    }
  };

  const wake = () => {
    clearTimeout(timer);
    gone.abort();
    if (document.hidden) return;
    gone = new AbortController();
    before = null;
    void round(gone.signal);
  };

  document.addEventListener("visibilitychange", wake);
  wake();
  return () => {
    document.removeEventListener("visibilitychange", wake);
    clearTimeout(timer);
    gone.abort();
  };
}

function pointOf(before: { status: Status; atMs: number }, now: { status: Status; atMs: number }): Point {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const rate = (of: "end" | "applied" | "sunk") => grown(before.status, now.status, of) / seconds;
  return { atMs: now.atMs, appendedPerS: rate("end"), foldedPerS: rate("applied"), sunkPerS: rate("sunk"), ...lagOf(now.status) };
}
