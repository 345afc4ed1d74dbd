import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { key } from "./key";
import { useStore } from "./store";

export interface Asking<T> {
  /** The newest good answer; stays while a later one is waited for or fails. */
  data: T | null;
  error: ApiError | null;
  /** It has been asked and takes unusually long. */
  isSlow: boolean;
  again(): void;
}

const SlowMs = 1_500;
const RetryMsMax = 16_000;

/**
 * Asks when `of` changes, and every `everyMs` if given: never while the tab is hidden, never twice at once, less and less often while there is no answer.
 * Refusals (4xx) are not asked again: they would be refused again. What was answered to other `of` stays until the new answer: who must not show it has a `key`.
 */
export function useAsk<T>(load: (signal: AbortSignal) => Promise<T>, of: unknown[], everyMs?: number): Asking<T> {
  const [state, show] = useState<Omit<Asking<T>, "again">>({ data: null, error: null, isSlow: false });
  const [turn, setTurn] = useState(0);
  const shown = useStore(key);
  const latest = useRef(load);
  latest.current = load;

  useEffect(() => {
    const gone = new AbortController();
    let timer = 0;
    let failures = 0;
    const later = (ms: number) => {
      timer = window.setTimeout(round, ms);
    };
    const round = async () => {
      if (everyMs && document.hidden) return; // `wake` goes on
      const slow = window.setTimeout(() => show((s) => ({ ...s, isSlow: true })), SlowMs);
      try {
        const data = await latest.current(gone.signal);
        if (gone.signal.aborted) return;
        failures = 0;
        show({ data, error: null, isSlow: false });
        if (everyMs) later(everyMs);
      } catch (e) {
        if (gone.signal.aborted) return;
        const error = e instanceof ApiError ? e : new ApiError(0, "bug", `this page has a fault: ${String(e)}`);
        failures++;
        show((s) => ({ data: s.data, error, isSlow: false }));
        const isRefused = error.status >= 400 && error.status < 500 && error.status !== 429;
        if (everyMs && !isRefused) later(Math.max((error.retryAfterSeconds ?? 0) * 1000, Math.min(RetryMsMax, everyMs * 2 ** failures)));
      } finally {
        clearTimeout(slow);
      }
    };
    const wake = () => {
      if (document.hidden) return;
      clearTimeout(timer);
      void round();
    };
    if (everyMs) document.addEventListener("visibilitychange", wake);
    void round();
    return () => {
      gone.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", wake);
    };
  }, [...of, turn, shown]);

  return { ...state, again: () => setTurn((t) => t + 1) };
}
