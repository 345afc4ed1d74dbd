import { useMemo } from "preact/hooks";
import { Card, Copyable, Empty, Tag, Trouble, Skeleton } from "../components/basics";
import { Spark, TimeChart } from "../components/charts";
import { Alerts } from "../components/Alerts";
import { durationOf, RunSteps, RunTag, StepLegend } from "../components/RunSteps";
import type { Run, Status } from "../api/types";
import { lagOf, live, type Point } from "../state/live";
import { useStore } from "../state/store";
import { formatAgo, formatMs, formatRate, formatShort, formatWhole } from "../view/format";

const RunsShown = 5;

export function OverviewPage() {
  const { status, runs, points, alerts, error, isSlow } = useStore(live);
  if (!status) return error ? <NoStatus error={error} /> : <>{isSlow && <p class="slow" role="status">Still waiting for the host …</p>}<Skeleton lines={6} /></>;
  const records = status.partitions.reduce((n, p) => n + p.end - p.start, 0);
  const isEmpty = status.partitions.every((p) => p.end === 0);
  return (
    <>
      {error && <Trouble error={error} />}
      {isEmpty ? <FirstSteps /> : <Flow status={status} points={points} runs={runs ?? []} records={records} />}
      <div class="columns">
        <Card title="Alerts" aside={<small>as in docs/runbook.md</small>}><Alerts alerts={alerts} /></Card>
        <Card title="Batch runs" aside={<a href="#/operations">All runs</a>}><LastRuns runs={runs} /></Card>
      </div>
      {!isEmpty && <Rates points={points} />}
    </>
  );
}

function NoStatus({ error }: { error: NonNullable<ReturnType<typeof live.get>["error"]> }) {
  if (error.status !== 403) return <Trouble error={error} />;
  return (
    <Card>
      <Empty title="How the engine is, is shown to keys of the roles sre and admin">
        <p>Your key may look at <a href="#/customer">customers</a>, <a href="#/segments">segments</a> and the <a href="#/dictionary">data dictionary</a>.</p>
      </Empty>
    </Card>
  );
}

/** An event's way: into the log, into answers, into the warehouse, into the next batch view. */
function Flow({ status, points, runs, records }: { status: Status; points: Point[]; runs: Run[]; records: number }) {
  const last = points.at(-1);
  const lag = lagOf(status);
  const customers = status.partitions.reduce((n, p) => n + p.base_customers, 0);
  const published = runs.find((r) => r.state === "published");
  const running = runs.find((r) => r.ended_at === null);
  return (
    <ol class="flow" aria-label="Where events are">
      <Stage name="Log" figure={last ? formatRate(last.appendedPerS) : "…"} unit="events/s come in" note={`${formatShort(records)} records kept`}
        spark={<Spark values={points.map((p) => p.appendedPerS)} summary="Events per second, last minutes" />} />
      <Stage name="Answers" figure={formatMs(lag.freshnessMs)} unit="behind the log" note={lag.toFold === 0 ? "everything is in answers" : `${formatWhole(lag.toFold)} records wait`}
        spark={<Spark values={points.map((p) => p.freshnessMs)} summary="Freshness in milliseconds, last minutes" tone="speed" />} />
      <Stage name="Warehouse" figure={formatShort(lag.toSink)} unit="records to come" note={status.warehouse.reason ?? `ClickHouse ${/^[\d.]+/.exec(status.warehouse.version ?? "")?.[0] ?? ""} is ${status.warehouse.state}`}
        spark={<Spark values={points.map((p) => p.toSink)} summary="Records not yet in the warehouse, last minutes" tone="house" />} />
      <Stage name="Batch view" spark={runs[0] && <span class="stage-steps"><RunSteps run={runs[0]} /></span>} figure={status.epoch === 0 ? "none" : `epoch ${status.epoch}`} unit={status.epoch === 0 ? "published yet" : `${formatShort(customers)} customers`}
        note={running ? <Tag tone="info">{running.state}</Tag> : published?.ended_at ? `published ${formatAgo(published.ended_at)}` : <a href="#/operations">start a run</a>} />
    </ol>
  );
}

function Stage({ name, figure, unit, note, spark }: { name: string; figure: string; unit: string; note: preact.ComponentChildren; spark?: preact.ComponentChildren }) {
  return (
    <li class="stage card">
      <h2>{name}</h2>
      <p class="figure">{figure}</p>
      <p class="unit">{unit}</p>
      {spark ?? <span class="spark" />}
      <p class="note">{note}</p>
    </li>
  );
}

function LastRuns({ runs }: { runs: Run[] | null }) {
  if (runs === null) return <Skeleton lines={3} />;
  if (runs.length === 0) return <Empty title="No run yet"><p>A run recomputes every view from all events and publishes it when it agrees with what is served. <a href="#/operations">Start one</a>, or <code>./lambda batch run</code>.</p></Empty>;
  return (
    <>
      <ul class="runs">
        {runs.slice(0, RunsShown).map((run) => (
          <li key={run.run}>
            <RunTag run={run} />
            <span>epoch {run.epoch}</span>
            <RunSteps run={run} />
            <span class="run-time">{formatMs(durationOf(run))}</span>
            <small>{formatAgo(run.started_at)}</small>
          </li>
        ))}
      </ul>
      <StepLegend />
    </>
  );
}

function Rates({ points }: { points: Point[] }) {
  const at = useMemo(() => points.map((p) => p.atMs / 1000), [points]);
  const lines = useMemo(() => [
    { label: "into the log", colour: "--c1", values: points.map((p) => p.appendedPerS) },
    { label: "into answers", colour: "--c2", values: points.map((p) => p.foldedPerS) },
    { label: "into the warehouse", colour: "--c3", values: points.map((p) => p.sunkPerS) },
  ], [points]);
  return (
    <Card title="Events per second" aside={<small>since this page was opened</small>}>
      {points.length < 2
        ? <p class="quiet-text">Gathering …</p>
        : <TimeChart at={at} lines={lines} format={formatRate} summary={`Events per second, now ${formatRate(points.at(-1)!.appendedPerS)} into the log`} />}
    </Card>
  );
}

/** Of yesterday, so that she has something in every window. */
const Sample = (origin: string, day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)) => `curl -s -X POST --data-binary @- ${origin}v1/events <<'EVENTS'
{"event_id":"t1","customer_id":"anna","type":"transaction","occurred_at":"${day}T10:00:00Z","amount":"12.50","currency":"EUR","direction":"debit","status":"approved","category":"groceries","channel":"pos","merchant_id":"m1"}
{"event_id":"p1","customer_id":"anna","type":"profile","occurred_at":"${day}T09:00:00Z","email":"anna@example.org"}
EVENTS`;

function FirstSteps() {
  const origin = location.origin + location.pathname;
  return (
    <Card title="No events yet: first steps">
      <ol class="first-steps">
        <li>
          <p>Send two events of a customer <span class="quiet-text">(with a key: add <code>-H "Authorization: Bearer lk_…"</code>)</span>:</p>
          <Copyable text={Sample(origin)} label="Command that sends two events" />
        </li>
        <li><p>Look at her: <a href="#/customer/anna">customer anna</a>. The answer is there within milliseconds.</p></li>
        <li><p>Recompute everything from the raw events: <a href="#/operations">start a batch run</a>. The answer stays the same.</p></li>
        <li><p>Bring your own: <code>./lambda import FILE --map samples/cdnow.yaml</code> reads any delimited file through a mapping.</p></li>
      </ol>
    </Card>
  );
}
