import { useState } from "preact/hooks";
import { ask } from "../../api/client";
import type { Epochs, Partition } from "../../api/types";
import { Card, Confirm, Loaded, Scroll, Tag } from "../../components/basics";
import { useAsk } from "../../state/asking";
import { formatMs, formatWhole, None } from "../../view/format";

const PartitionsMs = 2_000;
const WaitMs = 60_000; // for checkpoints

interface Shown {
  partitions: Partition[];
  epochs: Map<number, Epochs["partitions"][number]>;
}

/** Where every partition stands: who owns it, what waits, and its epochs. */
export function Partitions() {
  const [asks, setAsks] = useState(false);
  const shown = useAsk(async (signal): Promise<Shown> => {
    const [{ partitions }, epochs] = await Promise.all([ask<{ partitions: Partition[] }>("v1/admin/partitions", { signal }), ask<Epochs>("v1/admin/epochs", { signal })]);
    return { partitions, epochs: new Map(epochs.partitions.map((e) => [e.partition, e])) };
  }, [], PartitionsMs);
  return (
    <Card title="Partitions" aside={<button type="button" onClick={() => setAsks(true)}>Write checkpoints</button>}>
      <Loaded of={shown} what="The list of partitions">
        {({ partitions, epochs }) => (
          <Scroll label="Partitions">
            <table>
              <thead><tr><th>Partition</th><th>Node</th><th>State</th><th class="number">Records</th><th class="number" title="Appended, not yet in answers">To fold</th><th class="number" title="Appended, not yet in the warehouse">To sink</th><th class="number" title="What a recovery would read again">To checkpoint</th><th class="number">Freshness</th><th class="number">In memory</th><th class="number">In base</th><th title="Published epoch, and the newest barrier">Epoch</th></tr></thead>
              <tbody>{partitions.map((p) => (
                <tr key={p.partition}>
                  <th scope="row">{p.partition}</th>
                  <td>{p.node ?? <Tag tone="bad">nobody</Tag>}</td>
                  <td><Tag tone={p.state === "stopped" ? "bad" : p.reason ? "warn" : p.state === "ready" || p.state === "running" ? "good" : "info"}>{p.state}</Tag>{p.reason && <p class="field-error">{p.reason}</p>}</td>
                  <td class="number">{formatWhole(p.end - p.start)}</td>
                  <td class="number">{formatWhole(Math.max(0, p.end - p.applied))}</td>
                  <td class="number">{formatWhole(Math.max(0, p.end - p.sunk))}</td>
                  <td class="number">{formatWhole(Math.max(0, p.applied - p.checkpointed))}</td>
                  <td class="number">{formatMs(p.freshness_ms)}</td>
                  <td class="number">{formatWhole(p.entities_in_memory)}</td>
                  <td class="number">{formatWhole(p.base_customers)}</td>
                  <td class="nowrap">{epochText(epochs.get(p.partition))}</td>
                </tr>
              ))}</tbody>
            </table>
          </Scroll>
        )}
      </Loaded>
      {asks && (
        <Confirm title="Write checkpoints now?" yes="Write them" act={() => ask("v1/admin/checkpoint", { method: "POST", timeoutMs: WaitMs })} close={() => setAsks(false)}>
          <p>Everything that was applied becomes durable, so that a start after it replays next to nothing. It is safe at any time.</p>
        </Confirm>
      )}
    </Card>
  );
}

const epochText = (e: Epochs["partitions"][number] | undefined) => (e ? (e.current > e.published ? `${e.published} → ${e.current}` : String(e.published)) : None);
