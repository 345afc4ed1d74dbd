import { useState } from "preact/hooks";
import { send } from "../api/client";
import { useAsk } from "../state/asking";
import type { Alert } from "../view/alerts";
import { Rules } from "../view/alerts";
import { formatMs } from "../view/format";
import { Dialog, Empty, Loaded, Tag } from "./basics";

export function Alerts({ alerts }: { alerts: Alert[] }) {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <>
      {alerts.length === 0
        ? <Empty title="All is well"><p>{Rules.length} rules are watched while this page is open. Those that need a longer memory are Prometheus' (<code>k8s/base/alerts.yaml</code>).</p></Empty>
        : (
          <ul class="alerts">
            {alerts.map((a) => (
              <li key={a.name}>
                <Tag tone={a.isFiring ? (a.severity === "critical" ? "bad" : "warn") : "plain"}>{a.isFiring ? a.severity : "pending"}</Tag>
                <div>
                  <button type="button" class="link" onClick={() => setOpen(a.name)}>{a.name}</button>
                  <p>{a.summary}</p>
                </div>
                <small>{formatMs(Date.now() - a.sinceMs)}</small>
              </li>
            ))}
          </ul>
        )}
      {open && <Runbook name={open} close={() => setOpen(null)} />}
    </>
  );
}

/** What the runbook says of an alert: the host carries it. */
function Runbook({ name, close }: { name: string; close: () => void }) {
  const book = useAsk(async (signal) => (await send("dashboard/runbook.md", { signal })).text(), []);
  return (
    <Dialog title={name} close={close}>
      <Loaded of={book} what="The runbook">
        {(text) => <div class="prose">{sectionOf(text, name).map((part, i) => <Paragraph key={i} text={part} />)}</div>}
      </Loaded>
    </Dialog>
  );
}

function sectionOf(book: string, name: string): string[] {
  const from = book.indexOf(`\n## ${name}\n`);
  if (from < 0) return ["docs/runbook.md has no section of this name."];
  const text = book.slice(book.indexOf("\n", from + 1) + 1);
  const end = text.search(/\n##? /);
  return (end < 0 ? text : text.slice(0, end)).split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** The runbook's few marks: bold, emphasis, code, links (to other sections, shown as words). */
function Paragraph({ text }: { text: string }) {
  const parts = text.replace(/\[([^\]]+)\]\([^)]*\)/g, "$1").split(/(\*\*[^*]+\*\*|`[^`]+`|\*[^*]+\*)/);
  return (
    <p class={text.startsWith("- ") ? "item" : ""}>
      {parts.map((p, i) => p.startsWith("**") ? <strong key={i}>{p.slice(2, -2)}</strong> : p.startsWith("`") ? <code key={i}>{p.slice(1, -1)}</code> : p.startsWith("*") ? <em key={i}>{p.slice(1, -1)}</em> : i === 0 ? p.replace(/^- /, "") : p)}
    </p>
  );
}
