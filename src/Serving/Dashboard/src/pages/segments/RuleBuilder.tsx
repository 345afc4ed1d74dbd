import { useEffect, useMemo, useState } from "preact/hooks";
import { ask } from "../../api/client";
import type { SearchPage } from "../../api/types";
import { Card, Copyable, Dialog } from "../../components/basics";
import { useAsk } from "../../state/asking";
import { useDefinition } from "../../view/definition";
import { formatPercent, formatWhole } from "../../view/format";
import { columnsOf, expressionOf, needsValue, operatorsOf, wordsOf, type Column, type Condition } from "../../view/rules";
import { Members } from "./Members";

const TypingMs = 350;

/** A rule, clicked together or typed, with the number of customers it is true of while it is made. */
export function RuleBuilder() {
  const definition = useDefinition()!;
  const columns = useMemo(() => columnsOf(definition), [definition]);
  const first = columns.find((c) => c.unit === "minor")?.name ?? columns[0]?.name ?? "";
  const [conditions, setConditions] = useState<Condition[]>([{ column: first, operator: ">=", value: "" }]);
  const [joined, setJoined] = useState<"and" | "or">("and");
  const [typed, setTyped] = useState<string | null>(null);
  const [shown, setShown] = useState<string | null>(null);
  const [isKept, setKept] = useState(false);
  const rule = typed ?? expressionOf(conditions, joined, columns) ?? "";
  const change = (i: number, to: Partial<Condition>) => setConditions(conditions.map((c, n) => (n === i ? { ...c, ...to } : c)));
  return (
    <>
      <Card title="Build a rule" aside={<button type="button" class="link" onClick={() => setTyped(typed === null ? rule : null)}>{typed === null ? "write it myself" : "click it together"}</button>}>
        {typed === null ? (
          <div class="builder">
            <datalist id="columns">{columns.map((c) => <option key={c.name} value={c.name}>{c.group}</option>)}</datalist>
            {conditions.map((c, i) => (
              <Row key={i} condition={c} columns={columns} change={(to) => change(i, to)} remove={conditions.length > 1 ? () => setConditions(conditions.filter((_, n) => n !== i)) : undefined}
                joint={i === 0 ? null : <select aria-label="and or or" value={joined} onChange={(e) => setJoined(e.currentTarget.value as "and" | "or")}><option>and</option><option>or</option></select>} />
            ))}
            <button type="button" class="small" onClick={() => setConditions([...conditions, { column: "", operator: "=", value: "" }])}>Add a condition</button>
          </div>
        ) : (
          <label class="typed">Condition, in the language of definitions
            <textarea rows={3} value={typed} spellcheck={false} onInput={(e) => setTyped(e.currentTarget.value)} placeholder="spend_90d >= 500000 and balance['credit_card'] < 0 and not dormant" />
          </label>
        )}
        <Count rule={rule} />
        <div class="buttons">
          <button type="button" class="primary" disabled={rule.trim() === ""} onClick={() => setShown(rule)}>Show members</button>
          <button type="button" disabled={rule.trim() === ""} onClick={() => setKept(true)}>Make it a segment</button>
        </div>
      </Card>
      {shown !== null && <Members key={shown} where={shown} />}
      {isKept && <Keep rule={rule} close={() => setKept(false)} />}
    </>
  );
}

interface RowProps {
  condition: Condition;
  columns: Column[];
  joint: preact.ComponentChildren;
  change(to: Partial<Condition>): void;
  remove: (() => void) | undefined;
}

function Row({ condition, columns, joint, change, remove }: RowProps) {
  const column = columns.find((c) => c.name === condition.column);
  const operators = operatorsOf(column);
  const choose = (name: string) => {
    const allowed = operatorsOf(columns.find((c) => c.name === name));
    change({ column: name, operator: allowed.includes(condition.operator) ? condition.operator : allowed[0]! });
  };
  const isDay = column?.type === "day" || column?.type === "instant";
  return (
    <div class="condition">
      <span class="joint">{joint ?? "where"}</span>
      <input class="column" list="columns" aria-label="Column" value={condition.column} placeholder="column" spellcheck={false} autocomplete="off" onInput={(e) => choose(e.currentTarget.value)} aria-invalid={condition.column !== "" && !column} />
      <select aria-label="Comparison" value={condition.operator} onChange={(e) => change({ operator: e.currentTarget.value })}>
        {operators.map((o) => <option key={o} value={o}>{wordsOf(o)}</option>)}
      </select>
      {needsValue(condition.operator) && (
        isDay
          ? <input class="value" aria-label="Day" type="date" value={condition.value} onInput={(e) => change({ value: e.currentTarget.value })} />
          : <input class="value" aria-label={column?.unit === "minor" ? "Amount" : "Value"} inputMode={column?.type === "text" ? "text" : "decimal"} placeholder={placeholderOf(column)} value={condition.value} onInput={(e) => change({ value: e.currentTarget.value })} />
      )}
      {remove && <button type="button" class="quiet" aria-label="Remove this condition" onClick={remove}>✕</button>}
    </div>
  );
}

const placeholderOf = (column: Column | undefined) => (column?.unit === "minor" ? "5000.00" : column?.type === "text" ? "word" : "0");

/** Counts anew when nobody has typed for a moment. */
function Count({ rule }: { rule: string }) {
  const [settled, settle] = useState(rule);
  useEffect(() => {
    const timer = setTimeout(() => settle(rule), TypingMs);
    return () => clearTimeout(timer);
  }, [rule]);
  const counted = useAsk(
    async (signal) => (settled.trim() === "" ? null : { rule: settled, page: await ask<SearchPage>("v1/customers/search", { method: "POST", body: { where: settled, limit: 0, count: true }, signal }) }), [settled]);
  const isOld = settled !== rule || counted.data?.rule !== settled;
  return (
    <div class="count" aria-live="polite">
      {rule.trim() === "" ? <p class="quiet-text">Give every condition a column and a value: the number of customers appears here.</p> : (
        <>
          <code class="rule">{rule}</code>
          {counted.error && settled === rule
            ? <p class="field-error">{counted.error.isMissing ? "This host cannot search yet: its version has no such endpoint." : counted.error.message}</p>
            : <p class={isOld ? "old" : ""}><span class="figure">{counted.data ? formatWhole(counted.data.page.count ?? 0) : "…"}</span> customers{counted.data && counted.data.page.meta.rows > 0 && <span class="quiet-text"> · {formatPercent((counted.data.page.count ?? 0) / counted.data.page.meta.rows)} of {formatWhole(counted.data.page.meta.rows)}</span>}</p>}
        </>
      )}
    </div>
  );
}

function Keep({ rule, close }: { rule: string; close: () => void }) {
  const line = `  my_segment: { expr: ${JSON.stringify(rule)}, doc: Who they are. }`;
  return (
    <Dialog title="Make it a segment" close={close}>
      <p>Segments are part of the definition, so that they are computed the same way in both layers, reviewed and versioned. Add this under <code>segments:</code> in <code>views/customer360.yaml</code>:</p>
      <Copyable text={line} label="Line for the definition" />
      <p>Then <code>./lambda definition put views/customer360.yaml</code>. It takes effect with the next batch run, over all history.</p>
    </Dialog>
  );
}
