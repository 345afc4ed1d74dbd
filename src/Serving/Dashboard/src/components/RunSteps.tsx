import type { Run, RunState } from "../api/types";
import { formatMs } from "../view/format";
import { Tag, type Tone } from "./basics";

const Steps: RunState[] = ["barriers", "sinking", "computing", "checking"];
const Ended: RunState[] = ["published", "failed", "abandoned"];

export const isEnded = (run: Run) => Ended.includes(run.state);

/** Milliseconds; of a run that goes on, until now. */
export const durationOf = (run: Run, now = Date.now()) => Math.max(0, (run.ended_at ? Date.parse(run.ended_at) : now) - Date.parse(run.started_at));

const tones: Partial<Record<RunState, Tone>> = { published: "good", failed: "bad", abandoned: "warn" };

export const RunTag = ({ run }: { run: Run }) => <Tag tone={tones[run.state] ?? "info"}>{run.state}</Tag>;

/** The time a run spent in each step, to scale; the step it is in is pulsing. */
export function RunSteps({ run }: { run: Run }) {
  const spent = Steps.map((state) => ({ state, ms: run.steps.find((s) => s.state === state)?.ms ?? 0 }));
  const total = Math.max(1, spent.reduce((n, s) => n + s.ms, 0));
  const told = spent.filter((s) => s.ms > 0).map((s) => `${s.state} ${formatMs(s.ms)}`).join(", ");
  return (
    <span class="steps" role="img" aria-label={told || run.state} title={told}>
      {spent.map((s) => {
        const isNow = s.state === run.state;
        if (s.ms === 0 && !isNow) return null;
        return <span key={s.state} class={`step ${s.state}${isNow ? " now" : ""}`} style={{ flexGrow: Math.max(0.04, s.ms / total) }} />;
      })}
    </span>
  );
}

export const StepLegend = () => (
  <p class="legend" aria-hidden="true">{Steps.map((s) => <span key={s} class={`key step-key ${s}`}>{s}</span>)}</p>
);
