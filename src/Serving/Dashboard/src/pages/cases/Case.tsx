import { useState } from "preact/hooks";
import { ApiError, ask } from "../../api/client";
import type { FraudCase, FraudCaseRead } from "../../api/types";
import { ActionButton, Card, Confirm, Loaded, Trouble } from "../../components/basics";
import { useAsk } from "../../state/asking";
import { hrefOf } from "../../state/route";
import { formatAgo, formatInstant, formatMoney } from "../../view/format";
import { TimelineCard } from "../customer/Timeline";
import { History } from "./History";
import { Reasons } from "./Reasons";
import { DecisionTag, Score, StateTag } from "./words";

type Act = (verb: string, body: Record<string, unknown>) => Promise<void>;

/** One case: what was decided and why, who the customer is, what to do. */
export function CasePage({ number }: { number: string }) {
  const path = `v1/fraud/cases/${encodeURIComponent(number)}`;
  const read = useAsk((signal) => ask<FraudCaseRead>(path, { signal }), [number]);
  const [changed, setChanged] = useState<FraudCaseRead | null>(null);
  const act: Act = async (verb, body) => setChanged(await ask<FraudCaseRead>(`${path}/${verb}`, { method: "POST", body }));
  const again = () => {
    setChanged(null);
    read.again();
  };
  return (
    <Loaded of={read} what="The case" lines={6}>
      {(first) => {
        const it = changed ?? first;
        return (
          <>
            <Head it={it} act={act} again={again} />
            <div class="columns">
              <Reasons it={it} />
              <History it={it} note={(text) => act("notes", { text })} />
            </div>
            <TimelineCard id={it.customer_id} />
          </>
        );
      }}
    </Loaded>
  );
}

function Head({ it, act, again }: { it: FraudCaseRead; act: Act; again: () => void }) {
  return (
    <Card title={<>Case #{it.case} <StateTag state={it.state} /></>} aside={<a href="#/cases">The queue</a>}>
      <p class="figure">{formatMoney(it.amount_minor, it.currency)} <DecisionTag of={it} /></p>
      <dl class="facts">
        <div><dt>Customer</dt><dd><a href={hrefOf("customer", it.customer_id)}>{it.customer_id}</a></dd></div>
        <div><dt>Score</dt><dd><Score of={it.score} /></dd></div>
        <div><dt>Happened</dt><dd title={formatAgo(it.occurred_at)}>{formatInstant(it.occurred_at).slice(0, 16)} UTC</dd></div>
        <div><dt>Alerted</dt><dd>{formatAgo(it.alerted_at)}</dd></div>
        <div><dt>Assigned to</dt><dd>{it.assignee ?? "nobody"}</dd></div>
        <div><dt>Transaction</dt><dd class="wrap">{it.transaction_id}</dd></div>
      </dl>
      <Actions it={it} act={act} again={again} />
    </Card>
  );
}

const Verdicts = {
  confirm: { title: "Confirm fraud?", yes: "Confirm fraud", why: "A label is written into the log: the models of the next night learn from it, and the terminal and the customer are judged by it." },
  dismiss: { title: "No fraud?", yes: "Dismiss", why: "A label that says so is written into the log. What was declined stays declined." },
} as const;

function Actions({ it, act, again }: { it: FraudCase; act: Act; again: () => void }) {
  const [asked, setAsked] = useState<keyof typeof Verdicts | null>(null);
  const [note, setNote] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const isClosed = it.state === "confirmed_fraud" || it.state === "dismissed";
  const decide = (verb: string, more: Record<string, unknown> = {}) => act(verb, { version: it.version, ...more });
  const attempt = async (verb: string, more?: Record<string, unknown>) => {
    setError(null);
    try {
      await decide(verb, more);
    } catch (e) {
      setError(e as ApiError);
    }
  };
  const ask = (verdict: keyof typeof Verdicts) => {
    setNote("");
    setAsked(verdict);
  };
  return (
    <>
      <div class="buttons">
        {!isClosed && <ActionButton act={() => attempt("assign")}>{it.assignee === null ? "Take it" : "Take over"}</ActionButton>}
        {it.state === "assigned" && <ActionButton act={() => attempt("assign", { to: "" })}>Give it back</ActionButton>}
        {!isClosed && <button type="button" class="primary" onClick={() => ask("confirm")}>Confirm fraud</button>}
        {!isClosed && <button type="button" onClick={() => ask("dismiss")}>Dismiss</button>}
        {isClosed && <ActionButton act={() => attempt("reopen")}>Reopen</ActionButton>}
      </div>
      {error && <Trouble error={error} again={again} />}
      {asked && (
        <Confirm title={Verdicts[asked].title} yes={Verdicts[asked].yes} act={() => decide(asked, note.trim() ? { note: note.trim() } : {})} close={() => setAsked(null)}>
          <p>{Verdicts[asked].why}</p>
          <label class="stack">Why, for whoever looks at it later
            <textarea rows={3} value={note} onInput={(e) => setNote(e.currentTarget.value)} />
          </label>
        </Confirm>
      )}
    </>
  );
}
