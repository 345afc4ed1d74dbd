import { useRef, useState } from "preact/hooks";
import { ApiError, send } from "../../api/client";
import { Dialog, Trouble } from "../../components/basics";
import { formatShort, formatWhole } from "../../view/format";

const Formats = { csv: "CSV", ndjson: "NDJSON", parquet: "Parquet" } as const;
const PatienceMs = 3_600_000;
const TellEveryMs = 200;

/** All members as a file, streamed from the host. */
export function Export({ where, count }: { where: string; count: number | null }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>Export</button>
      {isOpen && <ExportDialog where={where} count={count} close={() => setOpen(false)} />}
    </>
  );
}

function ExportDialog({ where, count, close }: { where: string; count: number | null; close: () => void }) {
  const [format, setFormat] = useState<keyof typeof Formats>("csv");
  const [bytes, setBytes] = useState<number | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const running = useRef<AbortController | null>(null);
  const stop = () => {
    running.current?.abort();
    close();
  };
  const run = async () => {
    running.current = new AbortController();
    setError(null);
    setBytes(0);
    try {
      const rows = await download(where, format, setBytes, running.current.signal);
      save(rows, `${/^\w+$/.test(where) ? where : "customers"}-${new Date().toISOString().slice(0, 10)}.${format}`);
      close();
    } catch (e) {
      if (running.current.signal.aborted) return;
      setBytes(null);
      setError(e instanceof ApiError ? e : new ApiError(0, "unreachable", "the host ended the connection in the middle: nothing was saved"));
    }
  };
  return (
    <Dialog title="Export" close={stop}>
      <p>{count === null ? "All customers" : `${formatWhole(count)} customers`} that this is true of, with every column your key may see: <code class="rule">{where}</code></p>
      <fieldset class="choices" disabled={bytes !== null}>
        <legend>Format</legend>
        {Object.entries(Formats).map(([name, title]) => (
          <label key={name} class="check"><input type="radio" name="format" value={name} checked={format === name} onChange={() => setFormat(name as keyof typeof Formats)} /> {title}</label>
        ))}
      </fieldset>
      {error && <Trouble error={error} what="Exporting" />}
      <p role="status">{bytes !== null && `${formatShort(bytes / 1_000_000)} MB so far …`}</p>
      <div class="buttons">
        <button type="button" class="primary" disabled={bytes !== null} aria-busy={bytes !== null} onClick={() => void run()}>Download</button>
        <button type="button" onClick={stop}>Cancel</button>
      </div>
      <p class="quiet-text">Exports are recorded in the audit log. For millions of rows let the host write them into a folder or bucket: <code>POST /v1/exports</code> with <code>to</code>.</p>
    </Dialog>
  );
}

async function download(where: string, format: string, tell: (bytes: number) => void, signal: AbortSignal): Promise<Blob> {
  const answer = await send("v1/exports", { method: "POST", body: { where, format }, signal, timeoutMs: PatienceMs });
  const reader = answer.body!.getReader();
  const parts: BlobPart[] = [];
  let [bytes, toldAt] = [0, 0];
  const abandon = () => void reader.cancel();
  signal.addEventListener("abort", abandon);
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    parts.push(piece.value);
    bytes += piece.value.length;
    if (performance.now() - toldAt < TellEveryMs) continue;
    toldAt = performance.now();
    tell(bytes);
  }
  signal.throwIfAborted();
  return new Blob(parts, { type: answer.headers.get("Content-Type") ?? "application/octet-stream" });
}

/** The only way to a file that keeps the key out of the URL. */
function save(rows: Blob, name: string) {
  const url = URL.createObjectURL(rows);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
