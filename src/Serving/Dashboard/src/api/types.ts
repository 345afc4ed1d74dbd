// What the API answers, as far as the dashboard reads it. /openapi/v1.json has the whole.

export interface Partition {
  partition: number;
  node?: string | null;
  state: string;
  reason: string | null;
  start: number;
  end: number;
  applied: number;
  checkpointed: number;
  sunk: number;
  entities_in_memory: number;
  base_customers: number;
  freshness_ms: number;
}

export interface Status {
  state: "starting" | "ready" | "degraded" | "stopping";
  reasons: string[];
  version: string;
  started_at: string;
  uptime_ms: number;
  epoch: number;
  definition: string;
  partitions: Partition[];
  warehouse: { state: string; url: string; reason: string | null; version: string | null };
  quarantine: Record<string, number>;
  counters: Record<string, number>;
}

export type RunState = "barriers" | "sinking" | "computing" | "checking" | "published" | "failed" | "abandoned";

export interface Run {
  run: string;
  epoch: number;
  state: RunState;
  definition: string;
  started_at: string;
  ended_at: string | null;
  steps: { state: RunState; ms: number }[];
  reasons: string[];
  counts: Record<string, number>;
}

export interface Output {
  name: string;
  kind: "metric" | "derived";
  type: "int64" | "decimal" | "text" | "bool" | "day" | "instant";
  keys?: string[];
  window_days?: number;
  unit?: "minor";
  pii: boolean;
  doc: string;
  computed_as: string;
}

export interface SegmentRule {
  name: string;
  doc: string;
  computed_as: string;
}

export interface Definition {
  name: string;
  definition: string;
  next: string | null;
  tile_retention_days: number;
  outputs: Output[];
  estimates: { name: string; type: string; pii: boolean; doc: string }[];
  segments: SegmentRule[];
  text: string;
}

export type Scalar = string | number | boolean | null;
export type OutputValue = Scalar | Record<string, Scalar>;

export interface Customer {
  customer_id: string;
  metrics: Record<string, OutputValue>;
  derived: Record<string, OutputValue>;
  segments: string[];
  estimates?: { p_alive: number; expected_purchases_90d: number; ltv_365d_minor: number | null; rfm: string | null; model: string };
  meta: { definition: string; epoch: number; position: string; as_of: string; freshness_ms: number; source: "batch" | "speed" | "merged" | "raw"; masked?: string[]; person?: { canonical: string; members: { customer_id: string; epoch: number; position: string }[] } };
}

export interface CustomerEvents {
  events: { position: string; occurred_at: string; appended_at: string; event: Record<string, unknown> }[];
  next: string | null;
}

export interface Timeline {
  entries: { at: string; type: string; title: string; amount: { minor: number; currency: string } | null; count: number; position: string }[];
  next: string | null;
}

export interface Explanation {
  name: string;
  kind: "metric" | "derived" | "segment";
  type: string;
  doc: string;
  value: OutputValue;
  definition: { hash: string; line: number | null; text: string | null; computed_as: string | null };
  inputs: Record<string, OutputValue>;
  parts: { part: "batch" | "closed" | "open"; value: OutputValue }[];
  events: { position: string; event_id: string; type: string; occurred_at: string; part: "batch" | "speed" | "unknown"; value: Scalar; key?: string }[];
  next: string | null;
  meta: { epoch: number; cut: number | null; position: string; as_of: string };
}

export interface SearchPage {
  customers: { customer_id: string; values: Record<string, OutputValue>; segments?: string[]; epoch: number; as_of: string }[];
  next: string | null;
  count?: number;
  meta: { definition: string; oldest_epoch: number; oldest_as_of: string | null; rows: number };
}

export interface Segments {
  segments: { segment: string; size: number }[];
  meta: SearchPage["meta"];
}

export interface CustomerSegments {
  segments: { segment: string; member: boolean; since: { cause: "event" | "day" | "definition" | "merge" | "unmerge"; at: string } | null }[];
}

export interface QuarantinePage {
  entries: { id: number; at: string; source: string; line: number; field: string; reason: string; detail: string; raw?: string; raw_base64?: string; replayed_at: string | null }[];
  next: number | null;
  open: Record<string, number>;
}

export interface NodeStatus {
  node: string;
  state: string;
  roles: string[];
  partitions: number[];
}

export interface Epochs {
  epoch: number;
  definition: string;
  next: string | null;
  partitions: { partition: number; published: number; current: number; definition: string; next: string | null }[];
}

export type CaseState = "open" | "assigned" | "confirmed_fraud" | "dismissed";

export interface FraudCase {
  case: number;
  customer_id: string;
  transaction_id: string;
  occurred_at: string;
  amount_minor: number;
  currency: string;
  decision: "review" | "decline";
  score: number | null;
  reasons: { code: string; by: "rule" | "model" | "policy"; value?: number; contribution?: number }[];
  fired: string[];
  model: string | null;
  alerted_at: string;
  state: CaseState;
  assignee: string | null;
  version: number;
}

export interface CaseEntry {
  at: string;
  by: string;
  what: "assigned" | "note" | "confirmed_fraud" | "dismissed" | "reopened";
  /** Null for keys that may not see personal data. */
  text: string | null;
}

export interface FraudCaseRead extends FraudCase {
  judgement: { features: Record<string, number>; model: string | null; rules: string | null; state: string } | null;
  history: CaseEntry[];
}

export interface FraudCases {
  cases: FraudCase[];
  /** `before` of the next page. */
  next: number | null;
  counts: Partial<Record<CaseState, number>>;
}
