import type { FraudCaseRead } from "../../api/types";
import { Card, Empty, Scroll } from "../../components/basics";
import { inWords, ReasonTag } from "./words";

const formatValue = (value: number) => (Number.isInteger(value) ? String(value) : value.toPrecision(4));

/** Why it was decided so: rules, what the model found unusual, and every number that it looked at. */
export function Reasons({ it }: { it: FraudCaseRead }) {
  const said = it.reasons.filter((r) => r.by !== "model");
  const found = it.reasons.filter((r) => r.by === "model");
  const most = Math.max(...found.map((r) => Math.abs(r.contribution ?? 0)), 1e-9);
  return (
    <Card title="Why">
      {it.reasons.length === 0 && <Empty title="The record gives no reasons" />}
      {said.length > 0 && <p class="choices">{said.map((r, i) => <ReasonTag key={i} of={r} />)}</p>}
      {found.length > 0 && (
        <>
          <h3>What raised the score</h3>
          <ul class="bars">{found.map((r, i) => (
            <li key={i}>
              <span class="bar-name" title={r.code}>{inWords(r.code)}</span>
              <span class="bar-track" aria-hidden="true"><span class="bar negative" style={{ width: `${Math.round((Math.abs(r.contribution ?? 0) / most) * 100)}%` }} /></span>
              <span class="bar-value">{r.value === undefined ? "" : formatValue(r.value)}</span>
            </li>
          ))}</ul>
        </>
      )}
      {it.fired.length > 0 && <p class="quiet-text">Rules: {it.fired.join(", ")}</p>}
      {it.judgement && (
        <details>
          <summary>All {Object.keys(it.judgement.features).length} features</summary>
          <Scroll label="Features">
            <table>
              <tbody>{Object.entries(it.judgement.features).map(([name, value]) => <tr key={name}><th scope="row">{inWords(name)}</th><td class="number">{formatValue(value)}</td></tr>)}</tbody>
            </table>
          </Scroll>
          <p class="quiet-text wrap">Model {it.judgement.model ?? "none"} · rules {it.judgement.rules} · state {it.judgement.state}</p>
        </details>
      )}
    </Card>
  );
}
