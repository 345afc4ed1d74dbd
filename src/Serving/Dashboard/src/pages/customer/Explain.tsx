import { ask } from "../../api/client";
import type { Customer, Explanation, OutputValue, Scalar } from "../../api/types";
import { Dialog, Loaded, Scroll, Tag } from "../../components/basics";
import { Rule } from "../../components/Rule";
import { useAsk } from "../../state/asking";
import { useDefinition } from "../../view/definition";
import { formatInstant, formatValue, None, titleOf } from "../../view/format";

const Parts = {
  batch: { name: "Batch view", doc: "recomputed from all raw events up to the cut" },
  closed: { name: "Closed delta", doc: "folded between the published cut and the newest barrier" },
  open: { name: "Open delta", doc: "folded since the newest barrier" },
};

/** Why a value is what it is: its definition, its parts, the events behind it. */
export function Explain({ id, name, customer, currency, close }: { id: string; name: string; customer: Customer; currency: string | null; close: () => void }) {
  const definition = useDefinition()!;
  const explained = useAsk((signal) => ask<Explanation>(`v1/customers/${encodeURIComponent(id)}/explain`, { query: { metric: name }, signal }), [id, name, customer.meta.position]);
  const output = definition.outputs.find((o) => o.name === name);
  const rule = output?.computed_as ?? definition.segments.find((s) => s.name === name)?.computed_as ?? "";
  const say = (value: OutputValue | undefined) => valueText(output, value, currency);
  return (
    <Dialog title={titleOf(name)} close={close} wide>
      <p>{output?.doc ?? definition.segments.find((s) => s.name === name)?.doc}</p>
      <p><Rule text={rule} /></p>
      <Loaded of={explained} what="The explanation of a value">
        {(e) => (
          <>
            {!isMap(e.value) && <p class="figure">{say(e.value)}</p>}
            {Object.keys(e.inputs).length > 0 && <Inputs inputs={e.inputs} currency={currency} />}
            <h3>Parts</h3>
            {isMap(e.value) ? <PartsByKey of={e} value={e.value} say={say} /> : (
              <table>
                <tbody>{e.parts.map((p) => <tr key={p.part}><th scope="row">{Parts[p.part].name}<small>{Parts[p.part].doc}</small></th><td class="number">{say(p.value)}</td></tr>)}</tbody>
              </table>
            )}
            {e.kind === "metric" && <Events of={e} say={say} />}
          </>
        )}
      </Loaded>
    </Dialog>
  );
}

const isMap = (value: OutputValue | undefined): value is Record<string, Scalar> => typeof value === "object" && value !== null;

function PartsByKey({ of, value, say }: { of: Explanation; value: Record<string, Scalar>; say: (value: OutputValue | undefined) => string }) {
  return (
    <Scroll label="Parts by key">
      <table>
        <thead><tr><th>Key</th>{of.parts.map((p) => <th key={p.part} class="number" title={Parts[p.part].doc}>{Parts[p.part].name}</th>)}<th class="number">Answer</th></tr></thead>
        <tbody>{Object.entries(value).map(([key, whole]) => (
          <tr key={key}>
            <th scope="row">{key}</th>
            {of.parts.map((p) => <td key={p.part} class="number">{say(isMap(p.value) ? p.value[key] : undefined)}</td>)}
            <td class="number"><strong>{say(whole)}</strong></td>
          </tr>
        ))}</tbody>
      </table>
    </Scroll>
  );
}

function Inputs({ inputs, currency }: { inputs: Explanation["inputs"]; currency: string | null }) {
  const definition = useDefinition()!;
  return (
    <>
      <h3>It reads</h3>
      <dl class="because">{Object.entries(inputs).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{valueText(definition.outputs.find((o) => o.name === name), value, currency)}</dd></div>)}</dl>
    </>
  );
}

function Events({ of, say }: { of: Explanation; say: (value: Scalar) => string }) {
  if (of.events.length === 0) return <p class="quiet-text">No event counts.</p>;
  return (
    <>
      <h3>Events that count, newest first</h3>
      <Scroll label="Events that count">
        <table>
          <thead><tr><th>Occurred (UTC)</th><th>Type</th><th>From</th><th class="number">Gives</th></tr></thead>
          <tbody>
            {of.events.map((e) => (
              <tr key={e.position}>
                <td>{formatInstant(e.occurred_at)}</td><td>{e.type}{e.key ? ` · ${e.key}` : ""}</td>
                <td><Tag tone={e.part === "batch" ? "info" : "good"}>{e.part}</Tag></td><td class="number">{say(e.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {of.next && <p class="quiet-text">And earlier ones.</p>}
    </>
  );
}

function valueText(output: Parameters<typeof formatValue>[0] | undefined, value: OutputValue | undefined, currency: string | null): string {
  if (value === null || value === undefined) return None;
  if (isMap(value)) {
    const entries = Object.entries(value);
    return entries.length === 0 ? None : entries.map(([k, v]) => `${k} ${valueText(output, v, currency)}`).join(", ");
  }
  if (typeof value === "boolean") return value ? "yes" : "no";
  return output ? formatValue(output, value, currency) : String(value);
}
