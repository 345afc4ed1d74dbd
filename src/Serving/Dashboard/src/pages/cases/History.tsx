import { useState } from "preact/hooks";
import type { ApiError } from "../../api/client";
import type { CaseEntry, FraudCaseRead } from "../../api/types";
import { ActionButton, Card, Trouble } from "../../components/basics";
import { formatInstant } from "../../view/format";

const Did: Record<CaseEntry["what"], string> = { assigned: "assigned it to", note: "wrote", confirmed_fraud: "confirmed fraud", dismissed: "dismissed it", reopened: "took it up again" };

/** What was done, in its order, and a note more. */
export function History({ it, note }: { it: FraudCaseRead; note: (text: string) => Promise<void> }) {
  const [text, setText] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const write = async () => {
    setError(null);
    try {
      await note(text.trim());
      setText("");
    } catch (e) {
      setError(e as ApiError);
    }
  };
  return (
    <Card title="Notes">
      {it.history.length === 0 && <p class="quiet-text">Nobody did anything yet.</p>}
      <ol class="history">{it.history.map((e, i) => (
        <li key={i}>
          <p class="quiet-text"><strong>{e.by}</strong> {e.what !== "assigned" ? Did[e.what] : e.text === "" ? "gave it back" : e.text === e.by ? "took it" : <>{Did.assigned} {e.text}</>} · <time dateTime={e.at}>{formatInstant(e.at).slice(0, 16)}</time></p>
          {e.text === null && e.what !== "assigned" ? <p class="masked">hidden: your key may not see personal data</p> : e.what !== "assigned" && e.text && <p class="wrap">{e.text}</p>}
        </li>
      ))}</ol>
      <label class="stack">A note
        <textarea rows={3} value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </label>
      {error && <Trouble error={error} />}
      <ActionButton act={write} disabled={text.trim() === ""}>Add note</ActionButton>
    </Card>
  );
}
