import { useState } from "preact/hooks";
import type { Customer, Output, OutputValue, Scalar } from "../../api/types";
import { Card } from "../../components/basics";
import { Bars } from "../../components/charts";
import { valueOf, type Family, type Group } from "../../view/definition";
import { formatValue, None, titleOf } from "../../view/format";

interface FamilyProps {
  family: Family;
  customer: Customer;
  currency: string | null;
  explain: (name: string) => void;
}

/** Names that the head of the page shows already are still here: this is the whole answer. */
export function GroupCard({ group, ...rest }: { group: Group } & Omit<FamilyProps, "family">) {
  const plain = group.families.filter((f) => f.windows.length === 0 && !f.base.keys);
  const paired = group.families.filter((f) => f.windows.length === 1 && !f.base.keys);
  const windowed = group.families.filter((f) => f.windows.length > 1 && !f.base.keys);
  const maps = group.families.filter((f) => f.base.keys);
  return (
    <Card title={group.title}>
      {plain.length > 0 && <dl class="values">{plain.map((f) => <Plain key={f.name} family={f} {...rest} />)}</dl>}
      {windowed.map((f) => <Windowed key={f.name} family={f} {...rest} />)}
      {paired.length > 0 && <Paired families={paired} title={group.title} {...rest} />}
      {maps.map((f) => <Mapped key={f.name} family={f} {...rest} />)}
    </Card>
  );
}

function Name({ output, explain }: { output: Output; explain: (name: string) => void }) {
  const shown = output.window_days ? output.name.replace(/_\d+d$/, "") : output.name;
  return <button type="button" class="link name" title={`${output.doc} What is it made of?`} onClick={() => explain(output.name)}>{titleOf(shown)}</button>;
}

function Plain({ family: { base }, customer, currency, explain }: FamilyProps) {
  const value = valueOf(customer, base) as Scalar | undefined;
  const isMasked = customer.meta.masked?.includes(base.name) ?? false;
  return (
    <div>
      <dt><Name output={base} explain={explain} /></dt>
      <dd class={isMasked ? "masked" : value === null || value === undefined ? "none" : ""}>{isMasked ? "masked" : formatValue(base, value, currency)}</dd>
    </div>
  );
}

const isNumber = (o: Output) => o.type === "int64" || o.type === "decimal";
const adds = (o: Output) => isNumber(o) && /^(sum|count)/.test(o.computed_as); // only these make a pace per day

/** All time, and each window with its pace per day: bars that grow to the right mean "more than usual lately". */
function Windowed({ family, customer, currency, explain }: FamilyProps) {
  const shown = [...family.windows].reverse();
  const number = (o: Output) => Number(valueOf(customer, o) ?? 0);
  const height = (o: Output) => (adds(o) ? number(o) / o.window_days! : number(o));
  const most = Math.max(...shown.map(height), 0);
  return (
    <div class="windowed">
      <div class="windowed-head">
        <Name output={family.base} explain={explain} />
        <span class="total">{formatValue(family.base, valueOf(customer, family.base) as Scalar, currency)} <small>all time</small></span>
      </div>
      <ul class="windows" aria-label={`${titleOf(family.name)} by window`}>
        {shown.map((o) => (
          <li key={o.name}>
            {isNumber(o) && <span class="pace" aria-hidden="true"><span style={{ height: `${most > 0 ? Math.max(4, (height(o) / most) * 100) : 4}%` }} /></span>}
            <button type="button" class="link window-value" title={`${o.name}${adds(o) ? "; the bar is its pace per day" : ""}`} onClick={() => explain(o.name)}>{formatValue(o, valueOf(customer, o) as Scalar, currency, true)}</button>
            <small>{o.window_days} d</small>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** With one window there is nothing to draw: a line each. */
function Paired({ families, title, customer, currency, explain }: { families: Family[]; title: string } & Omit<FamilyProps, "family">) {
  return (
    <div class="paired">
      <table aria-label={`${title}, by window`}>
        <thead><tr><th /><th class="number">window</th><th class="number">all time</th></tr></thead>
        <tbody>{families.map(({ name, base, windows: [recent] }) => (
          <tr key={name}>
            <th scope="row"><Name output={base} explain={explain} /></th>
            <td class="number"><button type="button" class="link window-value" onClick={() => explain(recent!.name)}>{formatValue(recent!, valueOf(customer, recent!) as Scalar, currency)}</button> <small>{recent!.window_days} d</small></td>
            <td class="number">{formatValue(base, valueOf(customer, base) as Scalar, currency)}</td>
          </tr>
        ))}</tbody>
      </table>
    </div>
  );
}

const BarsShown = 8;

/** Values by category, channel and the like, of the window chosen. */
function Mapped({ family, customer, currency, explain }: FamilyProps) {
  const choices = [...family.windows, family.base];
  const [chosen, choose] = useState(choices[0]!.name);
  const output = choices.find((o) => o.name === chosen) ?? family.base;
  const entries = Object.entries((valueOf(customer, output) ?? {}) as Exclude<OutputValue, Scalar>).map(([k, v]): [string, number] => [k, Number(v)]);
  const largest = entries.sort((a, b) => b[1] - a[1]);
  const rest = largest.slice(BarsShown).reduce((n, [, v]) => n + v, 0);
  return (
    <div class="mapped">
      <div class="windowed-head">
        <Name output={family.base} explain={() => explain(output.name)} />
        {choices.length > 1 && (
          <div class="choices" role="group" aria-label={`Window of ${titleOf(family.name)}`}>
            {choices.map((o) => <button key={o.name} type="button" class="small" aria-pressed={o.name === chosen} onClick={() => choose(o.name)}>{o.window_days ? `${o.window_days} d` : "all"}</button>)}
          </div>
        )}
      </div>
      {entries.length === 0
        ? <p class="none">{None}</p>
        : <Bars label={titleOf(output.name)} format={(v) => formatValue(output, v, currency, true)} of={[...largest.slice(0, BarsShown), ...(rest > 0 ? [[`${largest.length - BarsShown} more`, rest] as [string, number]] : [])]} />}
    </div>
  );
}
