// The alerts of k8s/base/alerts.yaml that a page can tell from the status: same names, same thresholds, same patience (a test holds it). docs/runbook.md has what to do.
// A page knows only the time since it was opened, so what needs patience is first shown as pending.
import type { Run, Status } from "../api/types";
import { formatMs, formatWhole } from "./format";

export interface Alert {
  name: string;
  severity: "critical" | "warning";
  /** In words, with the figures of now. */
  summary: string;
  /** True once the condition has held for as long as the rule wants. */
  isFiring: boolean;
  sinceMs: number;
}

export interface Situation {
  status: Status;
  runs: Run[];
  /** The first status since the page was opened: counters grow from there. */
  first: Status;
  nowMs: number;
}

/** Since when each condition has held. */
export type Watch = Map<string, number>;

export interface Rule {
  name: string;
  severity: Alert["severity"];
  forSeconds: number;
  /** What is wrong now; null while nothing is. */
  check(now: Situation): string | null;
}

const worst = (status: Status, of: (p: Status["partitions"][number]) => number) =>
  status.partitions.reduce((most, p) => (of(p) > of(most) ? p : most), status.partitions[0]!);

/** Of a partition that is moving, or whose node is lost: its figures are 0 and say nothing. */
export const Unknown = "unknown";

const StaleMs = 5_000;
const CheckpointLag = 1_000_000;
const SinkLag = 500_000;
const OverdueMs = 26 * 3_600_000;
const SlowRunMs = 4 * 3_600_000;
const Ended = ["published", "failed", "abandoned"];

export const Rules: Rule[] = [
  {
    name: "LambdaNotReady", severity: "critical", forSeconds: 120,
    check: ({ status }) => (status.state === "starting" || status.state === "stopping" ? `the engine is ${status.state}${status.reasons[0] ? `: ${status.reasons[0]}` : ""}` : null),
  },
  {
    name: "LambdaPartitionUnowned", severity: "critical", forSeconds: 60,
    check: ({ status }) => {
      const silent = status.partitions.filter((p) => p.state === Unknown);
      return silent.length === 0 ? null : `nobody answers for partition ${silent.map((p) => p.partition).join(", ")}`;
    },
  },
  {
    name: "LambdaPartitionStopped", severity: "critical", forSeconds: 30,
    check: ({ status }) => {
      const stopped = status.partitions.filter((p) => p.reason !== null && p.state !== Unknown);
      return stopped.length === 0 ? null : stopped.map((p) => `partition ${p.partition}: ${p.reason}`).join("; ");
    },
  },
  {
    name: "LambdaStaleAnswers", severity: "warning", forSeconds: 120,
    check: ({ status }) => {
      if (status.partitions.length === 0) return null;
      const p = worst(status, (p) => p.freshness_ms);
      return p.freshness_ms > StaleMs ? `answers of partition ${p.partition} are ${formatMs(p.freshness_ms)} behind` : null;
    },
  },
  {
    name: "LambdaConflictingDuplicates", severity: "warning", forSeconds: 0,
    check: ({ status, first }) => {
      const more = (status.counters["conflicting_duplicates"] ?? 0) - (first.counters["conflicting_duplicates"] ?? 0);
      return more > 0 ? `${formatWhole(more)} events came again with another content since this page was opened` : null;
    },
  },
  {
    name: "LambdaCheckpointOverdue", severity: "warning", forSeconds: 300,
    check: ({ status }) => {
      if (status.partitions.length === 0) return null;
      const p = worst(status, (p) => p.applied - p.checkpointed);
      const lag = p.applied - p.checkpointed;
      return lag > CheckpointLag ? `partition ${p.partition} would replay ${formatWhole(lag)} records after a crash` : null;
    },
  },
  {
    name: "LambdaWarehouseDown", severity: "warning", forSeconds: 120,
    check: ({ status }) => (status.warehouse.reason === null ? null : `ClickHouse does not answer: ${status.warehouse.reason}`),
  },
  {
    name: "LambdaWarehouseBehind", severity: "warning", forSeconds: 600,
    check: ({ status }) => {
      if (status.partitions.length === 0) return null;
      const p = worst(status, (p) => p.end - p.sunk);
      return p.end - p.sunk > SinkLag ? `the warehouse lacks ${formatWhole(p.end - p.sunk)} records of partition ${p.partition}` : null;
    },
  },
  {
    name: "LambdaRunFailed", severity: "critical", forSeconds: 0,
    check: ({ runs }) => (runs[0]?.state === "failed" ? `run ${runs[0].run} failed: ${runs[0].reasons[0] ?? "no reason told"}; the old view stays` : null),
  },
  {
    name: "LambdaRunOverdue", severity: "warning", forSeconds: 600,
    check: ({ status, runs, nowMs }) => {
      const published = runs.find((r) => r.state === "published" && r.ended_at)?.ended_at ?? status.started_at;
      const age = nowMs - Date.parse(published);
      return age > OverdueMs ? `nothing was published for ${formatMs(age)}` : null;
    },
  },
  {
    name: "LambdaRunSlow", severity: "warning", forSeconds: 0,
    check: ({ runs, nowMs }) => {
      const run = runs.find((r) => !Ended.includes(r.state));
      const taken = run ? nowMs - Date.parse(run.started_at) : 0;
      return run && taken > SlowRunMs ? `run ${run.run} has been ${run.state} for ${formatMs(taken)} in all` : null;
    },
  },
];

/** What holds now, worst first, and what to remember until the next look. */
export function evaluate(now: Situation, watch: Watch): { alerts: Alert[]; watch: Watch } {
  const next: Watch = new Map();
  const alerts: Alert[] = [];
  for (const rule of Rules) {
    const summary = rule.check(now);
    if (summary === null) continue;
    const sinceMs = watch.get(rule.name) ?? now.nowMs;
    next.set(rule.name, sinceMs);
    alerts.push({ name: rule.name, severity: rule.severity, summary, sinceMs, isFiring: now.nowMs - sinceMs >= rule.forSeconds * 1000 });
  }
  const rank = (a: Alert) => (a.isFiring ? 0 : 2) + (a.severity === "critical" ? 0 : 1);
  return { alerts: alerts.sort((a, b) => rank(a) - rank(b)), watch: next };
}
