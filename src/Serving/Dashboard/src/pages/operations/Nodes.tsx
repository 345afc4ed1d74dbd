import { useState } from "preact/hooks";
import { ask } from "../../api/client";
import type { NodeStatus } from "../../api/types";
import { Card, Confirm, Loaded, Scroll, Tag } from "../../components/basics";
import { useAsk } from "../../state/asking";

const NodesMs = 4_000;
const DrainMs = 120_000;

export function Nodes() {
  const nodes = useAsk(async (signal) => (await ask<{ nodes: NodeStatus[] }>("v1/admin/nodes", { signal })).nodes, [], NodesMs);
  const [leaves, setLeaves] = useState<string | null>(null);
  const drain = async (node: string) => {
    await ask(`v1/admin/nodes/${encodeURIComponent(node)}/drain`, { method: "POST", timeoutMs: DrainMs });
    nodes.again();
  };
  return (
    <Card title="Nodes">
      <Loaded of={nodes} what="The list of nodes">
        {(list) => (
          <Scroll label="Nodes">
            <table>
              <thead><tr><th>Node</th><th>State</th><th>Roles</th><th>Partitions</th><th /></tr></thead>
              <tbody>{list.map((n) => (
                <tr key={n.node}>
                  <th scope="row">{n.node}</th>
                  <td><Tag tone={n.state === "up" ? "good" : n.state === "unreachable" ? "bad" : "warn"}>{n.state}</Tag></td>
                  <td>{n.roles.join(", ")}</td>
                  <td>{n.partitions.join(", ")}</td>
                  <td>{list.length > 1 && <button type="button" class="small" onClick={() => setLeaves(n.node)}>Drain</button>}</td>
                </tr>
              ))}</tbody>
            </table>
          </Scroll>
        )}
      </Loaded>
      {leaves && (
        <Confirm title={`Drain ${leaves}?`} yes="Drain it" act={() => drain(leaves)} close={() => setLeaves(null)}>
          <p>It hands its partitions over and leaves; its process ends. A read may wait a second meanwhile, none is lost. Do this before a planned restart.</p>
        </Confirm>
      )}
    </Card>
  );
}
