import { useState } from "preact/hooks";
import { ask } from "../../api/client";
import type { Run } from "../../api/types";
import { Card, Confirm, Dialog, Empty, Loaded, Scroll, Tag } from "../../components/basics";
import { durationOf, isEnded, RunSteps, RunTag, StepLegend } from "../../components/RunSteps";
import { useAsk } from "../../state/asking";
import { formatInstant, formatMs, formatWhole, titleOf } from "../../view/format";

const RunsMs = 2_000;
const RunsShown = 12;

export function Runs() {
  const runs = useAsk(async (signal) => (await ask<{ runs: Run[] }>("v1/admin/batch/runs", { query: { limit: RunsShown }, signal })).runs, [], RunsMs);
  const [starts, setStarts] = useState(false);
  const [ends, setEnds] = useState<Run | null>(null);
  const [open, setOpen] = useState<string | null>(null);
  const active = runs.data?.find((r) => !isEnded(r));
  const shown = runs.data?.find((r) => r.run === open);
  const start = async () => {
    await ask("v1/admin/batch/runs", { method: "POST" });
    runs.again();
  };
  const abandon = async (run: Run) => {
    await ask(`v1/admin/batch/runs/${encodeURIComponent(run.run)}/abandon`, { method: "POST" });
    runs.again();
  };
  return (
    <Card title="Batch runs" aside={<button type="button" class="primary" disabled={runs.data === null || active !== undefined} onClick={() => setStarts(true)}>{active ? `A run is ${active.state}` : "Start a run"}</button>}>
      <Loaded of={runs} what="The list of runs">
        {(list) => list.length === 0
          ? <Empty title="No run yet"><p>A run recomputes every view from all raw events, checks it against what is served, and publishes it.</p></Empty>
          : (
            <>
              <Scroll label="Batch runs">
                <table>
                  <thead><tr><th>Run</th><th>Epoch</th><th>State</th><th>Began (UTC)</th><th class="number">Took</th><th class="grow">Steps</th><th class="number">Events</th><th class="number">Customers</th><th /></tr></thead>
                  <tbody>{list.map((run) => (
                    <tr key={run.run}>
                      <th scope="row"><button type="button" class="link" onClick={() => setOpen(run.run)}>{run.run}</button></th>
                      <td>{run.epoch}</td><td><RunTag run={run} /></td><td class="nowrap">{formatInstant(run.started_at)}</td>
                      <td class="number">{formatMs(durationOf(run))}</td><td><RunSteps run={run} /></td>
                      <td class="number">{formatWhole(run.counts["events"] ?? 0)}</td><td class="number">{formatWhole(run.counts["customers"] ?? 0)}</td>
                      <td>{!isEnded(run) && <button type="button" class="small danger" onClick={() => setEnds(run)}>Abandon</button>}</td>
                    </tr>
                  ))}</tbody>
                </table>
              </Scroll>
              <StepLegend />
            </>
          )}
      </Loaded>
      {starts && (
        <Confirm title="Start a batch run?" yes="Start the run" act={start} close={() => setStarts(false)}>
          <p>It recomputes all views from every raw event, checks them, and publishes them if every difference is explained. What is served stays exact meanwhile; lookups may be slower while ClickHouse computes.</p>
        </Confirm>
      )}
      {ends && (
        <Confirm title={`Abandon ${ends.run}?`} yes="Abandon it" act={() => abandon(ends)} close={() => setEnds(null)}>
          <p>It ends without publishing. What is served stays as it is, and the next run begins anew.</p>
        </Confirm>
      )}
      {shown && <OneRun run={shown} close={() => setOpen(null)} />}
    </Card>
  );
}

function OneRun({ run, close }: { run: Run; close: () => void }) {
  return (
    <Dialog title={run.run} close={close} wide>
      <p><RunTag run={run} /> epoch {run.epoch}, began {formatInstant(run.started_at)}, {isEnded(run) ? "took" : "so far"} {formatMs(durationOf(run))}</p>
      {run.reasons.length > 0 && <ul class="reasons">{run.reasons.map((r) => <li key={r}>{r}</li>)}</ul>}
      <h3>Steps</h3>
      <dl class="because">{run.steps.map((s) => <div key={s.state}><dt>{s.state}</dt><dd>{formatMs(s.ms)}</dd></div>)}</dl>
      <h3>Counts</h3>
      <dl class="because">{Object.entries(run.counts).map(([name, n]) => <div key={name}><dt>{titleOf(name)}</dt><dd>{formatWhole(n)}</dd></div>)}</dl>
      <p class="quiet-text">Definition <Tag title={run.definition}>{run.definition.slice(0, 12)}</Tag></p>
    </Dialog>
  );
}
