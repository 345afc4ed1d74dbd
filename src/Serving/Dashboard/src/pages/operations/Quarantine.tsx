import { useState } from "preact/hooks";
import { ask } from "../../api/client";
import type { QuarantinePage } from "../../api/types";
import { Card, Confirm, Empty, Loaded, Scroll, Tag } from "../../components/basics";
import { useAsk } from "../../state/asking";
import { formatInstant, formatWhole } from "../../view/format";

const PageSize = 10;
const SizeMax = 1_000;
const QuarantineMs = 10_000;
const ReplayMs = 120_000;

interface Replay {
  /** What to replay, in words. */
  what: string;
  query: { ids?: string; reason?: string };
}

/** Lines that were not taken, by reason, and sending them through validation again. */
export function Quarantine() {
  const [reason, setReason] = useState("");
  const [size, setSize] = useState(PageSize);
  const [replay, setReplay] = useState<Replay | null>(null);
  const [told, setTold] = useState("");
  const page = useAsk((signal) => ask<QuarantinePage>("v1/admin/quarantine", { query: { limit: size, reason }, signal }), [reason, size], QuarantineMs);
  const run = async (query: Replay["query"]) => {
    const done = await ask<{ replayed: number; refused: unknown[] }>("v1/admin/quarantine/replay", { method: "POST", query, timeoutMs: ReplayMs });
    setTold(`${formatWhole(done.replayed)} replayed, ${formatWhole(done.refused.length)} refused again.`);
    page.again();
  };
  const open = Object.entries(page.data?.open ?? {});
  const total = open.reduce((n, [, c]) => n + c, 0);
  return (
    <Card title="Quarantine" aside={total > 0 && <button type="button" onClick={() => setReplay(reason ? { what: `all open entries with the reason ${reason}`, query: { reason } } : { what: "all open entries", query: {} })}>Replay {reason || "all"}</button>}>
      <p role="status">{told}</p>
      <Loaded of={page} what="The quarantine">
        {({ entries }) => total === 0 && reason === ""
          ? <Empty title="Nothing is in quarantine"><p>Lines that are not taken are kept here with their reason; the rest of their request goes on.</p></Empty>
          : (
            <>
              <div class="choices" role="group" aria-label="Reason">
                <button type="button" class="small" aria-pressed={reason === ""} onClick={() => setReason("")}>all {formatWhole(total)}</button>
                {open.map(([name, n]) => <button key={name} type="button" class="small" aria-pressed={reason === name} onClick={() => setReason(name)}>{name.replace(/_/g, " ")} {formatWhole(n)}</button>)}
              </div>
              <ul class="quarantine">{entries.map((e) => (
                <li key={e.id}>
                  <p class="quarantine-head"><Tag tone="warn">{e.reason}</Tag> <strong>{e.field}</strong> <span>{e.detail}</span></p>
                  <Scroll label={`Line ${e.line} as received`}><pre>{e.raw ?? e.raw_base64}</pre></Scroll>
                  <p class="quiet-text">{e.source}, line {formatWhole(e.line)} · {formatInstant(e.at)} UTC <button type="button" class="small" onClick={() => setReplay({ what: `entry ${e.id}`, query: { ids: String(e.id) } })}>Replay</button></p>
                </li>
              ))}</ul>
              {page.data?.next !== null && size < SizeMax && <button type="button" onClick={() => setSize(Math.min(SizeMax, size * 4))}>Show more</button>}
            </>
          )}
      </Loaded>
      {replay && (
        <Confirm title="Replay?" yes="Replay" act={() => run(replay.query)} close={() => setReplay(null)}>
          <p>Sends {replay.what} through validation again. What is good now, because a rule or a definition changed, is appended and closed; the rest stays. Conflicting duplicates are replayed only one by one.</p>
        </Confirm>
      )}
    </Card>
  );
}
