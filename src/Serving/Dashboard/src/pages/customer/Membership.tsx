import { useState } from "preact/hooks";
import { ask } from "../../api/client";
import type { Customer, CustomerSegments, Scalar } from "../../api/types";
import { Card, Tag } from "../../components/basics";
import { Rule } from "../../components/Rule";
import { useAsk } from "../../state/asking";
import { namesIn, useDefinition, valueOf } from "../../view/definition";
import { formatInstant, formatValue, titleOf } from "../../view/format";

const Causes = { event: "by an event", day: "as a day began", definition: "by a new definition", merge: "by a merge", unmerge: "because a merge was taken back" };

/** The segments a customer is in, and why; on demand those it is not in, and why not. */
export function Membership({ customer, currency, explain }: { customer: Customer; currency: string | null; explain: (name: string) => void }) {
  const definition = useDefinition()!;
  const [all, setAll] = useState(false);
  // Not every host notes it; what a segment rests on is shown all the same.
  const noted = useAsk((signal) => ask<CustomerSegments>(`v1/customers/${encodeURIComponent(customer.customer_id)}/segments`, { signal }), [customer.segments.join()]);
  const inside = definition.segments.filter((s) => customer.segments.includes(s.name));
  const shown = all ? [...inside, ...definition.segments.filter((s) => !inside.includes(s))] : inside;
  return (
    <Card title="Segments" aside={
      <label class="check"><input type="checkbox" checked={all} onChange={(e) => setAll(e.currentTarget.checked)} /> also those not in ({definition.segments.length - inside.length})</label>
    }>
      {shown.length === 0 && <p class="quiet-text">In none of {definition.segments.length} segments.</p>}
      <ul class="memberships">
        {shown.map((s) => {
          const isIn = inside.includes(s);
          const since = isIn ? noted.data?.segments.find((m) => m.segment === s.name)?.since : null;
          return (
            <li key={s.name} class={isIn ? "" : "out"}>
              <p class="membership-head"><Tag tone={isIn ? "good" : "plain"}>{isIn ? "in" : "not in"}</Tag> <button type="button" class="link name" onClick={() => explain(s.name)}>{titleOf(s.name)}</button> <span class="quiet-text">{s.doc}{since && <> Since {formatInstant(since.at)} UTC, {Causes[since.cause]}.</>}</span></p>
              <Rule text={s.computed_as} />
              <dl class="because">
                {namesIn(s.computed_as, definition).map((o) => {
                  const value = valueOf(customer, o);
                  const isMap = typeof value === "object" && value !== null;
                  return <div key={o.name}><dt>{o.name}</dt><dd>{isMap ? Object.entries(value).map(([k, v]) => `${k} ${formatValue(o, v, currency)}`).join(", ") : formatValue(o, value as Scalar, currency)}</dd></div>;
                })}
              </dl>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
