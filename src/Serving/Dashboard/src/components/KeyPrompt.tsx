import { useEffect, useRef, useState } from "preact/hooks";
import { useKey as takeKey } from "../state/key";

const Form = /^lk_[A-Za-z0-9_-]{8,}$/;

/** The host wants an API key. */
export function KeyPrompt({ why }: { why: string }) {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState("");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Key · Lambda";
    input.current?.focus();
  }, []);
  const enter = (e: Event) => {
    e.preventDefault();
    const given = text.trim();
    if (Form.test(given)) takeKey(given);
    else setWrong("A key begins with lk_ and has no spaces.");
  };
  const told = wrong || (why ? `The host did not take the key: ${why}.` : "");
  return (
    <main class="key-page">
      <form class="card" onSubmit={enter}>
        <img src="dashboard/icon.svg" alt="" width="44" height="44" />
        <h1>Lambda</h1>
        <p>This host needs an API key. It stays in this browser tab and is forgotten with it.</p>
        <label for="key">API key</label>
        <input id="key" ref={input} type="password" autocomplete="off" spellcheck={false} value={text} placeholder="lk_…"
          aria-invalid={told !== ""} aria-describedby="key-told" onInput={(e) => setText(e.currentTarget.value)} />
        <p id="key-told" class="field-error" role="alert">{told}</p>
        <button class="primary" type="submit">Continue</button>
        <details>
          <summary>Where do I get one?</summary>
          <p>The first <code>./lambda up</code> prints an admin key. With it, <code>./lambda keys create NAME --role marketing</code> makes others; what each role may do is in <code>docs/security.md</code>.</p>
        </details>
      </form>
    </main>
  );
}
