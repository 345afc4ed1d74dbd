import type { Customer } from "../../api/types";
import { Card, Empty, Tag, type Tone } from "../../components/basics";
import { formatDay, formatMoney, formatMs, formatPercent, formatShort } from "../../view/format";

const Sources: Record<Customer["meta"]["source"], { tag: string; tone: Tone; say: (epoch: number) => string }> = {
  batch: { tag: "batch", tone: "info", say: (epoch) => `Everything in it was recomputed from all raw events by the run of epoch ${epoch}; nothing has come since.` },
  merged: { tag: "batch + speed", tone: "good", say: (epoch) => `The batch view of epoch ${epoch}, merged with what the speed layer folded since.` },
  speed: { tag: "speed", tone: "warn", say: () => "From the speed layer alone: no batch view has this customer yet. The next run will." },
  raw: { tag: "raw events", tone: "plain", say: () => "This day is older than the daily tiles: computed from the customer's raw events." },
};

/** What the answer rests on. */
export function Provenance({ customer: { meta } }: { customer: Customer }) {
  const source = Sources[meta.source];
  const [partition, offset] = meta.position.split(":");
  return (
    <Card title="What this rests on" aside={<Tag tone={source.tone}>{source.tag}</Tag>}>
      <p>{source.say(meta.epoch)} {meta.freshness_ms === 0 ? "Nothing is waiting: it is complete." : `The oldest event not yet in it has waited ${formatMs(meta.freshness_ms)}.`}</p>
      {meta.person && <p>One person of {meta.person.members.length} customers, known as <b>{meta.person.canonical}</b>: {meta.person.members.map((m) => m.customer_id).join(", ")}. A merge that was wrong is taken back by <code>./lambda identity unmerge</code>.</p>}
      <dl class="facts">
        <div><dt>Epoch</dt><dd>{meta.epoch}</dd></div>
        <div><dt>Position</dt><dd title="Every record of the partition up to this one is in the answer"><span class="quiet-text">partition {partition}, record</span> {offset}</dd></div>
        <div><dt>Windows end on</dt><dd>{formatDay(meta.as_of)}</dd></div>
        <div><dt>Freshness</dt><dd>{formatMs(meta.freshness_ms)}</dd></div>
        <div><dt>Definition</dt><dd><code title={meta.definition}>{meta.definition.slice(0, 12)}</code></dd></div>
      </dl>
    </Card>
  );
}

/** A model's estimates, apart from what is exact. */
export function Estimates({ customer: { estimates }, currency }: { customer: Customer; currency: string | null }) {
  if (!estimates) {
    return (
      <Card title="Estimates" aside={<Tag>model</Tag>}>
        <Empty title="None yet"><p>Lifetime value and churn are fitted with every published batch run, for customers who have bought.</p></Empty>
      </Card>
    );
  }
  const alive = formatPercent(estimates.p_alive);
  return (
    <Card title="Estimates" aside={<Tag title={`Model ${estimates.model}`}>a model's, not exact</Tag>}>
      <div class="estimates">
        <div class="estimate">
          <span class="figure">{alive}</span>
          <span class="unit">still a customer</span>
          <span class="meter" role="img" aria-label={`Probability ${alive}`}><span style={{ width: `${estimates.p_alive * 100}%` }} class={estimates.p_alive < 0.4 ? "low" : ""} /></span>
        </div>
        <div class="estimate"><span class="figure">{formatShort(estimates.expected_purchases_90d)}</span><span class="unit">days with purchases in the next 90</span></div>
        <div class="estimate"><span class="figure">{estimates.ltv_365d_minor === null ? "–" : formatMoney(estimates.ltv_365d_minor, currency, true)}</span><span class="unit">spending expected in 365 days</span></div>
        <div class="estimate"><span class="figure">{estimates.rfm ?? "–"}</span><span class="unit">recency, frequency, money, each 1 to 5</span></div>
      </div>
    </Card>
  );
}
