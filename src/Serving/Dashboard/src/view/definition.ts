// The view definition as people read it: metrics in the groups its file has, windows beside the metric they belong to.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Customer, Definition, Output, OutputValue } from "../api/types";

/** A metric with its windows, or a derived value. */
export interface Family {
  name: string;
  base: Output;
  /** Ascending. */
  windows: Output[];
}

export interface Group {
  title: string;
  families: Family[];
}

export const DefinitionContext = createContext<Definition | null>(null);
export const useDefinition = () => useContext(DefinitionContext);

/** Groups are the headings (`# --- title ---`) of the definition's text; derived values are the last. */
export function groupsOf(definition: Definition): Group[] {
  const titles = titlesOf(definition.text);
  const groups = new Map<string, Group>();
  for (const family of familiesOf(definition.outputs)) {
    const title = family.base.kind === "derived" ? "Derived values" : (titles.get(family.name) ?? "Metrics");
    const group = groups.get(title) ?? { title, families: [] };
    group.families.push(family);
    groups.set(title, group);
  }
  return [...groups.values()];
}

export function familiesOf(outputs: Output[]): Family[] {
  const families = new Map<string, Family>();
  for (const output of outputs) {
    const base = output.window_days ? output.name.replace(new RegExp(`_${output.window_days}d$`), "") : output.name;
    const family = families.get(base);
    if (output.window_days && family) family.windows.push(output);
    else families.set(output.name, { name: output.name, base: output, windows: [] });
  }
  return [...families.values()];
}

function titlesOf(text: string): Map<string, string> {
  const titles = new Map<string, string>();
  let title: string | null = null;
  for (const line of text.split("\n")) {
    const heading = /^\s*#\s*-{2,}\s*(.+?)\s*-{2,}\s*$/.exec(line);
    if (heading) title = capital(heading[1]!);
    else if (/^\S/.test(line) && !line.startsWith("#")) title = null; // the next section of the file
    else if (title) {
      const metric = /^ {2}([A-Za-z_][A-Za-z0-9_]*)\s*:/.exec(line);
      if (metric) titles.set(metric[1]!, title);
    }
  }
  return titles;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Names of outputs that a rule reads, in the order they stand in it. */
export function namesIn(rule: string, definition: Definition): Output[] {
  const known = new Map(definition.outputs.map((o) => [o.name, o]));
  const words = rule.replace(/'(?:[^']|'')*'/g, "").match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? [];
  return [...new Set(words)].flatMap((w) => known.get(w) ?? []);
}

export function valueOf(customer: Customer, output: Output): OutputValue | undefined {
  return (output.kind === "derived" ? customer.derived : customer.metrics)[output.name];
}
