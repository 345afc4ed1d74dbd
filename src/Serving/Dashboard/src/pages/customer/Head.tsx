import type { Customer, Output } from "../../api/types";
import { Tag } from "../../components/basics";
import { useDefinition, valueOf } from "../../view/definition";
import { formatValue } from "../../view/format";

/** What identifies a person, where the definition has it. */
const Contact = ["email", "phone", "city", "country", "occupation", "customer_since"];

interface HeadProps {
  customer: Customer;
  currency: string | null;
  asOf: string;
  setAsOf(day: string): void;
  isLive: boolean;
  setLive(on: boolean): void;
  again(): void;
}

export function Head({ customer, currency, asOf, setAsOf, isLive, setLive, again }: HeadProps) {
  const definition = useDefinition()!;
  const output = (name: string) => definition.outputs.find((o) => o.name === name);
  const text = (o: Output | undefined) => {
    const value = o && valueOf(customer, o);
    return o && value !== undefined && value !== null && typeof value !== "object" ? formatValue(o, value, currency) : null;
  };
  const name = text(output("full_name"));
  const tier = text(output("tier"));
  const masked = customer.meta.masked ?? [];
  const known = Contact.flatMap((n) => {
    const value = masked.includes(n) ? "masked" : text(output(n));
    return value ? [{ name: n, value, isMasked: masked.includes(n) }] : [];
  });
  return (
    <section class="card person">
      <div class="avatar" aria-hidden="true">{initialsOf(name ?? customer.customer_id)}</div>
      <div class="person-main">
        <h2>{name ?? customer.customer_id} {tier && <Tag tone="info">{tier}</Tag>}</h2>
        <p class="person-id">{name && <code>{customer.customer_id}</code>}{masked.includes("full_name") && <Tag title="Your key has no right to see personal data">personal data is masked</Tag>}</p>
        <dl class="contact">
          {known.map((k) => <div key={k.name}><dt>{k.name.replace(/_/g, " ")}</dt><dd class={k.isMasked ? "masked" : ""}>{k.value}</dd></div>)}
        </dl>
      </div>
      <form class="person-tools" onSubmit={(e) => e.preventDefault()}>
        <label for="as-of">As of (UTC day)</label>
        <input id="as-of" type="date" value={asOf} max={new Date().toISOString().slice(0, 10)} onChange={(e) => setAsOf(e.currentTarget.value)} />
        <div class="row">
          <button type="button" onClick={again}>Refresh</button>
          <label class="check" title="Asks every two seconds; each look is kept in the audit log"><input type="checkbox" checked={isLive} onChange={(e) => setLive(e.currentTarget.checked)} /> live</label>
        </div>
      </form>
    </section>
  );
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  return ((words[0]?.[0] ?? "") + (words.length > 1 ? (words.at(-1)?.[0] ?? "") : "")).toUpperCase();
}
