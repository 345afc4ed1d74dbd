import { useMemo, useState } from "preact/hooks";
import { Card, Empty, Scroll, Tag } from "../components/basics";
import { Rule } from "../components/Rule";
import { groupsOf, useDefinition, type Family } from "../view/definition";
import { formatWhole, titleOf } from "../view/format";

/** Every output and segment of the definition that answers. */
export function DictionaryPage() {
  const definition = useDefinition()!;
  const [text, setText] = useState("");
  const groups = useMemo(() => groupsOf(definition), [definition]);
  const fits = (...parts: string[]) => parts.some((p) => p.toLowerCase().includes(text.trim().toLowerCase()));
  const shown = groups.map((g) => ({ ...g, families: g.families.filter((f) => fits(f.name, f.base.doc, f.base.computed_as, f.base.pii ? "pii" : "")) })).filter((g) => g.families.length > 0);
  const segments = definition.segments.filter((s) => fits(s.name, s.doc, s.computed_as));
  const estimates = definition.estimates.filter((e) => fits(e.name, e.doc));
  return (
    <>
      <Card>
        <div class="dictionary-head">
          <div>
            <h2><code>{definition.name}</code></h2>
            <p class="quiet-text">
              {formatWhole(definition.outputs.length)} outputs, {definition.segments.length} segments · <code title={definition.definition}>{definition.definition.slice(0, 12)}</code>
              {definition.next && <> · <Tag tone="info" title={definition.next}>another one waits for the next run</Tag></>}
            </p>
          </div>
          <label class="filter">Filter<input type="search" value={text} placeholder="spend, travel, pii …" onInput={(e) => setText(e.currentTarget.value)} /></label>
        </div>
      </Card>
      {shown.length === 0 && estimates.length === 0 && segments.length === 0 && <Card><Empty title={`Nothing fits “${text}”`} /></Card>}
      {shown.map((g) => (
        <Card key={g.title} title={g.title}>
          <Scroll label={g.title}>
            <table class="dictionary">
              <thead><tr><th>Name</th><th>Type</th><th>Windows</th><th>Meaning</th><th>Computed as</th></tr></thead>
              <tbody>{g.families.map((f) => <Row key={f.name} family={f} />)}</tbody>
            </table>
          </Scroll>
        </Card>
      ))}
      {estimates.length > 0 && (
        <Card title="Estimates" aside={<Tag title="Fitted by every published batch run">a model's, not exact</Tag>}>
          <Scroll label="Estimates">
            <table class="dictionary">
              <thead><tr><th>Name</th><th>Type</th><th>Meaning</th></tr></thead>
              <tbody>{estimates.map((e) => <tr key={e.name}><th scope="row"><code>{e.name}</code></th><td>{e.type}</td><td>{e.doc}</td></tr>)}</tbody>
            </table>
          </Scroll>
        </Card>
      )}
      {segments.length > 0 && (
        <Card title="Segments">
          <Scroll label="Segments">
            <table class="dictionary">
              <thead><tr><th>Name</th><th>Who</th><th>Rule</th></tr></thead>
              <tbody>{segments.map((s) => <tr key={s.name}><th scope="row"><code>{s.name}</code></th><td>{s.doc}</td><td><Rule text={s.computed_as} /></td></tr>)}</tbody>
            </table>
          </Scroll>
        </Card>
      )}
      <Card title="The definition itself" aside={<small>views/customer360.yaml, as it runs</small>}>
        <details>
          <summary>{formatWhole(definition.text.split("\n").length)} lines of YAML</summary>
          <pre class="source" tabIndex={0} aria-label="Text of the definition">{definition.text}</pre>
        </details>
        <p class="quiet-text">To change it: <code>./lambda definition check FILE</code>, <code>./lambda definition put FILE</code>; it takes effect with the next batch run, over all history.</p>
      </Card>
    </>
  );
}

function Row({ family: { name, base, windows } }: { family: Family }) {
  const unit = base.unit === "minor" ? "money, minor units" : base.type;
  return (
    <tr>
      <th scope="row"><code>{name}</code> {base.pii && <Tag tone="warn" title="Personal data: masked for keys without the right to see it">PII</Tag>}</th>
      <td>{base.keys ? <span title={base.keys.join(", ")}>{unit}, by {base.keys.length} keys</span> : unit}</td>
      <td class="nowrap">{windows.map((w) => `${w.window_days}d`).join(" ")}</td>
      <td>{base.doc || titleOf(name)}</td>
      <td><Rule text={base.computed_as} /></td>
    </tr>
  );
}
