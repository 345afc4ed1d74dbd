import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { asksForKey, forgetKey, key } from "../state/key";
import { live } from "../state/live";
import { go, hrefOf } from "../state/route";
import { useStore } from "../state/store";
import { nextTheme, theme } from "../state/theme";
import { Icon, type IconName } from "../view/icons";

const Menu: { page: string; name: string; icon: IconName }[] = [
  { page: "", name: "Overview", icon: "overview" },
  { page: "customer", name: "Customer", icon: "customer" },
  { page: "cases", name: "Cases", icon: "cases" },
  { page: "segments", name: "Segments", icon: "segments" },
  { page: "dictionary", name: "Dictionary", icon: "dictionary" },
  { page: "operations", name: "Operations", icon: "operations" },
];

export function Shell({ page, title, main, children }: { page: string; title: string; main: RefObject<HTMLElement | null>; children: ComponentChildren }) {
  const firing = useStore(live).alerts.filter((a) => a.isFiring).length;
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); main.current?.focus(); }}>Skip to the page</a>
      <div class="shell">
        <nav class="menu" aria-label="Pages">
          <a class="brand" href="#/"><img src="dashboard/icon.svg" alt="" width="28" height="28" /><span>Lambda</span></a>
          <ul>
            {Menu.map((m) => (
              <li key={m.page}>
                <a href={m.page ? hrefOf(m.page) : "#/"} aria-current={page === m.page ? "page" : undefined}>
                  <Icon name={m.icon} />
                  <span>{m.name}</span>
                  {m.page === "" && firing > 0 && <span class="badge" aria-label={`${firing} alerts`}>{firing}</span>}
                </a>
              </li>
            ))}
          </ul>
          <Foot />
        </nav>
        <div class="right">
          <header class="top">
            <h1>{title}</h1>
            <Health />
            <SearchBox />
          </header>
          <main id="main" ref={main} tabIndex={-1} aria-label={title}>{children}</main>
        </div>
      </div>
    </>
  );
}

/** How the engine is, in one word, on every page. */
function Health() {
  const { status, error, isSlow } = useStore(live);
  if (error?.status === 403) return null; // this key may not know
  const [tone, text] = error
    ? ["bad", error.status === 0 ? "no connection, trying again …" : error.status === 503 ? "starting …" : "error"]
    : isSlow ? ["warn", "slow"] : status ? [status.state === "ready" ? "good" : "warn", status.state] : ["plain", "…"];
  return <span class={`health ${tone}`} role="status"><span class="dot" aria-hidden="true" />{text}</span>;
}

function SearchBox() {
  const [id, setId] = useState("");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const slash = (e: KeyboardEvent) => {
      if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]") || isTyping(e.target)) return;
      e.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", slash);
    return () => document.removeEventListener("keydown", slash);
  }, []);
  const find = (e: Event) => {
    e.preventDefault();
    if (id.trim() === "") return;
    go("customer", id.trim());
    setId("");
    input.current?.blur();
  };
  return (
    <form class="search" role="search" onSubmit={find}>
      <Icon name="search" />
      <input ref={input} aria-label="Customer id" placeholder="Customer id" title="Press / to get here" value={id} onInput={(e) => setId(e.currentTarget.value)} autocomplete="off" spellcheck={false} />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

const isTyping = (target: EventTarget | null) => target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

function Foot() {
  const chosen = useStore(theme);
  const shown = useStore(key);
  const { status } = useStore(live);
  const leave = () => {
    forgetKey();
    asksForKey.set("");
  };
  return (
    <div class="foot">
      <button type="button" class="quiet" onClick={nextTheme} aria-label={`Colours: ${chosen}. Change`}><Icon name="theme" /><span>{chosen}</span></button>
      {shown && <button type="button" class="quiet" onClick={leave} aria-label="Forget the key"><Icon name="key" /><span>Forget key</span></button>}
      {status && <small title={status.version}>{status.version.split("+")[0]}</small>}
    </div>
  );
}
