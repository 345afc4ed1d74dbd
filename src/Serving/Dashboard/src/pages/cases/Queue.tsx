import { useEffect, useState } from "preact/hooks";
import { ApiError, ask } from "../../api/client";
import type { CaseState, FraudCase, FraudCases } from "../../api/types";
import { ActionButton, Card, Empty, Loaded, Scroll, Tag, Trouble } from "../../components/basics";
import { followAlerts } from "../../state/alerts";
import { useAsk } from "../../state/asking";
import { hrefOf } from "../../state/route";
import { formatAgo, formatMoney, formatWhole } from "../../view/format";
import { DecisionTag, ReasonTag, Score, StateTag } from "./words";

const PageSize = 50;
const GatherMs = 300; // many alerts at once are one look
const ReasonsShown = 3;

const Views: { name: string; states: CaseState[] }[] = [
  { name: "To do", states: ["open", "assigned"] },
  { name: "Open", states: ["open"] },
  { name: "Assigned", states: ["assigned"] },
  { name: "Fraud", states: ["confirmed_fraud"] },
  { name: "Dismissed", states: ["dismissed"] },
];

/** Transactions that somebody should look at, the newest first; new ones come by themselves. */
export function Queue() {
  const [view, setView] = useState(Views[0]!);
  const [isMine, setMine] = useState(false);
  const [isLive, setLive] = useState(false);
  const [more, setMore] = useState<FraudCases | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const query = { state: view.states.join(","), assignee: isMine ? "me" : undefined, limit: PageSize };
  const first = useAsk((signal) => ask<FraudCases>("v1/fraud/cases", { query, signal }), [view.name, isMine]);

  useEffect(() => {
    let timer = 0;
    const stop = followAlerts(() => {
      clearTimeout(timer);
      timer = window.setTimeout(first.again, GatherMs);
    }, setLive);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);

  const show = (chosen: typeof view, mine: boolean) => {
    setMore(null);
    setView(chosen);
    setMine(mine);
  };
  const loadMore = async () => {
    setError(null);
    try {
      const page = await ask<FraudCases>("v1/fraud/cases", { query: { ...query, before: (more ?? first.data!).next! } });
      setMore({ ...page, cases: [...(more?.cases ?? []), ...page.cases] });
    } catch (e) {
      setError(e as ApiError);
    }
  };
  const counts = first.data?.counts;
  return (
    <Card title="Queue" aside={<Tag tone={isLive ? "good" : "plain"} title="New alerts come by themselves">{isLive ? "live" : "connecting …"}</Tag>}>
      <div class="choices" role="group" aria-label="State">
        {Views.map((v) => (
          <button key={v.name} type="button" class="small" aria-pressed={v === view} onClick={() => show(v, isMine)}>
            {v.name}{counts && ` ${formatWhole(v.states.reduce((n, s) => n + (counts[s] ?? 0), 0))}`}
          </button>
        ))}
        <button type="button" class="small" aria-pressed={isMine} onClick={() => show(view, !isMine)}>Only mine</button>
      </div>
      <Loaded of={first} what="The queue" lines={6}>
        {(page) => page.cases.length === 0
          ? <Empty title="Nothing is waiting"><p>A case opens for each authorization that is reviewed or declined.</p></Empty>
          : (
            <>
              <Scroll label="Cases"><Table cases={[...page.cases, ...(more?.cases ?? [])]} /></Scroll>
              {error && <Trouble error={error} />}
              {(more ?? page).next !== null && <ActionButton act={loadMore}>Older</ActionButton>}
            </>
          )}
      </Loaded>
    </Card>
  );
}

function Table({ cases }: { cases: FraudCase[] }) {
  return (
    <table class="cases">
      <thead><tr><th>Case</th><th>Answered</th><th>Score</th><th class="number">Amount</th><th>Customer</th><th>Reasons</th><th>Age</th><th>State</th></tr></thead>
      <tbody>{cases.map((c) => (
        <tr key={c.case}>
          <th scope="row"><a href={hrefOf("cases", String(c.case))}>{`#${c.case}`}</a></th>
          <td><DecisionTag of={c} /></td>
          <td><Score of={c.score} /></td>
          <td class="number">{formatMoney(c.amount_minor, c.currency)}</td>
          <td><a href={hrefOf("customer", c.customer_id)}>{c.customer_id}</a></td>
          <td><span class="choices">{c.reasons.slice(0, ReasonsShown).map((r, i) => <ReasonTag key={i} of={r} />)}</span></td>
          <td class="nowrap">{formatAgo(c.alerted_at)}</td>
          <td class="nowrap"><StateTag state={c.state} /> {c.assignee && <small>{c.assignee}</small>}</td>
        </tr>
      ))}</tbody>
    </table>
  );
}
