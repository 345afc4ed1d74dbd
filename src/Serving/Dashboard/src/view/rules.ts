// Conditions as people click them together, and as the language of definitions writes them.
import type { Definition, Output } from "../api/types";

export interface Column {
  /** As an expression names it: `spend_30d`, `balance['savings']`, `dormant`. */
  name: string;
  type: Output["type"];
  unit?: "minor";
  group: string;
}

export interface Condition {
  column: string;
  operator: string;
  value: string;
}

const Compared = ["=", "<>", ">=", ">", "<=", "<"];
const Operators: Record<Output["type"], string[]> = {
  int64: [...Compared, "is null", "is not null"],
  decimal: [...Compared, "is null", "is not null"],
  text: ["=", "<>", "is null", "is not null"],
  bool: ["is true", "is false", "is null"],
  day: [...Compared, "is null", "is not null"],
  instant: [...Compared, "is null", "is not null"],
};

const Words: Record<string, string> = { "=": "is", "<>": "is not", ">=": "at least", ">": "over", "<=": "at most", "<": "under", "is null": "has no value", "is not null": "has a value" };

export const operatorsOf = (column: Column | undefined) => Operators[column?.type ?? "int64"];
export const wordsOf = (operator: string) => Words[operator] ?? operator;
export const needsValue = (operator: string) => Compared.includes(operator);

/** What a condition can be about. */
export function columnsOf(definition: Definition): Column[] {
  const outputs = definition.outputs.flatMap((o): Column[] => {
    const shared = { type: o.type, ...(o.unit ? { unit: o.unit } : {}), group: o.kind === "derived" ? "Derived values" : o.keys ? "By key" : "Metrics" };
    return o.keys ? o.keys.map((k) => ({ name: `${o.name}['${k.replace(/'/g, "''")}']`, ...shared })) : [{ name: o.name, ...shared }];
  });
  return [...definition.segments.map((s): Column => ({ name: s.name, type: "bool", group: "Segments" })), ...outputs];
}

/** @returns The expression; null while a value is missing or is none of the column's type. */
export function expressionOf(conditions: Condition[], joined: "and" | "or", columns: Column[]): string | null {
  const parts = conditions.map((c) => partOf(c, columns.find((k) => k.name === c.column)));
  return parts.some((p) => p === null) || parts.length === 0 ? null : parts.join(` ${joined} `);
}

function partOf({ column, operator, value }: Condition, known: Column | undefined): string | null {
  if (!known) return null;
  if (operator === "is true") return column;
  if (operator === "is false") return `not ${column}`;
  if (!needsValue(operator)) return `${column} ${operator}`;
  const literal = literalOf(value.trim(), known);
  return literal === null ? null : `${column} ${operator} ${literal}`;
}

/** Money is typed as people write it, 12.50, and compared in minor units. */
function literalOf(text: string, column: Column): string | null {
  if (text === "") return null;
  if (column.type === "text") return `'${text.replace(/'/g, "''")}'`;
  if (column.type === "day") return /^\d{4}-\d{2}-\d{2}$/.test(text) ? `date '${text}'` : null;
  if (column.type === "instant") return /^\d{4}-\d{2}-\d{2}$/.test(text) ? `instant '${text}T00:00:00Z'` : null;
  if (!/^-?\d+(\.\d+)?$/.test(text)) return null;
  const number = column.unit === "minor" ? timesHundred(text) : text;
  return column.type === "int64" ? (number.includes(".") ? null : number) : number.includes(".") ? number : `${number}.0`;
}

/** In text: no rounding of what somebody typed. */
function timesHundred(text: string): string {
  const [whole = "0", cents = ""] = text.split(".");
  const digits = (cents + "00").slice(0, 2);
  const rest = cents.slice(2).replace(/0+$/, "");
  const moved = (whole + digits).replace(/^(-?)0+(?=\d)/, "$1");
  return rest ? `${moved}.${rest}` : moved;
}
