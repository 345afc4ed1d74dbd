const Words = new Set(["and", "or", "not", "in", "between", "is", "null", "true", "false", "date", "instant"]);

/** A condition with its words, numbers and texts told apart. */
export function Rule({ text }: { text: string }) {
  const parts = text.split(/('(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)?)/);
  return <code class="rule">{parts.map((p, i) => <span key={i} class={kindOf(p)}>{p}</span>)}</code>;
}

function kindOf(part: string): string {
  if (part.startsWith("'")) return "text";
  if (/^\d/.test(part)) return "number";
  return Words.has(part) ? "word" : "";
}
