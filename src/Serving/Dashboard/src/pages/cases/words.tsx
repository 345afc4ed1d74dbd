import { Tag, type Tone } from "../../components/basics";
import type { CaseState, FraudCase } from "../../api/types";

const States: Record<CaseState, [Tone, string]> = {
  open: ["warn", "open"], assigned: ["info", "assigned"], confirmed_fraud: ["bad", "fraud"], dismissed: ["good", "dismissed"],
};

export const StateTag = ({ state }: { state: CaseState }) => <Tag tone={States[state][0]}>{States[state][1]}</Tag>;

export const DecisionTag = ({ of }: { of: FraudCase }) => <Tag tone={of.decision === "decline" ? "bad" : "warn"}>{of.decision === "decline" ? "declined" : "review"}</Tag>;

/** A reason code or a feature's name, in words. */
export const inWords = (code: string) => code.toLowerCase().replace(/_/g, " ");

const By: Record<FraudCase["reasons"][number]["by"], Tone> = { policy: "warn", rule: "info", model: "plain" };

export const ReasonTag = ({ of }: { of: FraudCase["reasons"][number] }) => <Tag tone={By[of.by]} title={`said by the ${of.by}`}>{inWords(of.code)}</Tag>;

/** The score as a number and as a length. */
export function Score({ of }: { of: number | null }) {
  if (of === null) return <span class="none">none</span>;
  return (
    <span class="score">
      <span class="bar-track" aria-hidden="true"><span class={`bar${of >= 0.5 ? " negative" : ""}`} style={{ width: `${Math.round(of * 100)}%` }} /></span>
      {of.toFixed(2)}
    </span>
  );
}
