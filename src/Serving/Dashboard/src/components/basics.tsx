import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../api/client";
import type { Asking } from "../state/asking";

export function Card({ title, aside, children, wide, id }: { title?: ComponentChildren; aside?: ComponentChildren; children: ComponentChildren; wide?: boolean; id?: string }) {
  return (
    <section class={`card${wide ? " wide" : ""}`} id={id}>
      {(title || aside) && (
        <header class="card-head">
          {title && <h2>{title}</h2>}
          {aside && <div class="card-aside">{aside}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

export type Tone = "good" | "warn" | "bad" | "info" | "plain";

export function Tag({ tone = "plain", children, title }: { tone?: Tone; children: ComponentChildren; title?: string }) {
  return <span class={`tag ${tone}`} title={title}>{children}</span>;
}

/** A button whose work may take a while and may fail; tells of both. */
export function ActionButton({ act, children, kind = "", disabled }: { act: () => Promise<unknown>; children: ComponentChildren; kind?: string; disabled?: boolean }) {
  const [isBusy, setBusy] = useState(false);
  const click = async () => {
    setBusy(true);
    try {
      await act();
    } finally {
      setBusy(false);
    }
  };
  return <button type="button" class={kind} disabled={disabled || isBusy} aria-busy={isBusy} onClick={() => void click()}>{children}</button>;
}

/** What went wrong, and what to do about it. */
export function Trouble({ error, again, what }: { error: ApiError; again?: () => void; what?: string }) {
  return (
    <div class={`trouble${error.isMissing ? " missing" : ""}`} role="alert">
      <strong>{headline(error, what)}</strong>
      <p>{advice(error)}</p>
      {again && !error.isMissing && <button type="button" onClick={again}>Try again</button>}
    </div>
  );
}

function headline(error: ApiError, what = "This"): string {
  if (error.isMissing) return `${what} is not on this host`;
  if (error.code === "unreachable") return "The host does not answer";
  if (error.code === "slow") return "The host takes too long";
  if (error.status === 401) return "A key is needed";
  if (error.status === 403) return "Your key does not allow this";
  if (error.status === 429) return "Too many requests";
  if (error.status === 503) return "Not available right now";
  return error.status >= 500 ? "The host had an error" : "That did not work";
}

function advice(error: ApiError): string {
  if (error.isMissing) return "Its version has no such endpoint. Update Lambda to use this page.";
  if (error.code === "unreachable") return "Is it running? `./lambda up` starts it, its output says what stopped it. This page goes on by itself when it is back.";
  if (error.code === "slow") return `There was ${error.message}. A recompute or a long question may keep it busy; see Operations.`;
  const end = /[.!?]$/.test(error.message) ? "" : ".";
  const more = error.status >= 500 && error.status !== 503 ? " Its log has the cause." : error.retryAfterSeconds ? ` Try again in ${error.retryAfterSeconds} s.` : "";
  return error.message.charAt(0).toUpperCase() + error.message.slice(1) + end + more;
}

/** Shows an answer, or that it is waited for, or what is wrong; what was there stays visible while it is asked for anew. */
export function Loaded<T>({ of, what, children, lines = 3 }: { of: Asking<T>; what?: string; lines?: number; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {of.error && <Trouble error={of.error} again={of.again} what={what} />}
      {of.isSlow && <p class="slow" role="status">Still waiting for the host …</p>}
      {of.data !== null ? children(of.data) : !of.error && <Skeleton lines={lines} />}
    </>
  );
}

export function Skeleton({ lines }: { lines: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => <span key={i} />)}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function Copyable({ text, label }: { text: string; label: string }) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <div class="copyable">
      <pre tabIndex={0} aria-label={label}><code>{text}</code></pre>
      {"clipboard" in navigator && <button type="button" class="small" onClick={() => void copy()}>{isDone ? "Copied" : "Copy"}</button>}
    </div>
  );
}

/** Tables scroll sideways by themselves, by keyboard too. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return <div class="scroll" role="region" aria-label={label} tabIndex={0}>{children}</div>;
}

export function Dialog({ title, close, children, wide }: { title: string; close: () => void; children: ComponentChildren; wide?: boolean }) {
  const at = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = at.current!;
    const before = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const cancel = (e: Event) => {
    e.preventDefault();
    close();
  };
  return (
    <dialog ref={at} class={wide ? "wide" : ""} onCancel={cancel} aria-labelledby="dialog-title" onClick={(e) => e.target === at.current && close()}>
      <div class="dialog-body">
        <header class="card-head">
          <h2 id="dialog-title">{title}</h2>
          <button type="button" class="quiet" onClick={close} aria-label="Close">✕</button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Asks before something is done; stays open when it fails and says why. */
export function Confirm({ title, children, yes, act, close }: { title: string; children: ComponentChildren; yes: string; act: () => Promise<unknown>; close: () => void }) {
  const [error, setError] = useState<ApiError | null>(null);
  const doIt = async () => {
    setError(null);
    try {
      await act();
      close();
    } catch (e) {
      setError(e as ApiError);
    }
  };
  return (
    <Dialog title={title} close={close}>
      {children}
      {error && <Trouble error={error} />}
      <div class="buttons">
        <ActionButton kind="primary" act={doIt}>{yes}</ActionButton>
        <button type="button" onClick={close}>Cancel</button>
      </div>
    </Dialog>
  );
}
