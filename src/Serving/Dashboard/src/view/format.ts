// How values are shown. Numbers follow the reader's browser; days and instants are UTC as everywhere in the engine.
import type { Output, Scalar } from "../api/types";

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const upToTwo = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });

export const None = "–";

export const formatWhole = (n: number) => whole.format(n);
export const formatShort = (n: number) => (Math.abs(n) < 10_000 ? upToTwo.format(n) : short.format(n));
export const formatPercent = (n: number) => percent.format(n);
export const formatRate = (n: number) => (n < 10 ? upToTwo.format(n) : n < 10_000 ? whole.format(n) : short.format(n));

/** @param minor In minor units; may have a fraction (averages). @param currency ISO 4217; null: unknown, shown with two decimals. */
export function formatMoney(minor: number, currency: string | null, isShort = false): string {
  const options = moneyOptions(currency);
  const digits = new Intl.NumberFormat(undefined, options).resolvedOptions().maximumFractionDigits ?? 2;
  const amount = minor / 10 ** digits;
  const isLarge = isShort && Math.abs(amount) >= 1_000;
  const compact: Intl.NumberFormatOptions = !isLarge ? {} : Math.abs(amount) < 10_000 ? { maximumFractionDigits: 0, minimumFractionDigits: 0 } : { notation: "compact", maximumFractionDigits: 1, minimumFractionDigits: 0 };
  return new Intl.NumberFormat(undefined, { ...options, ...compact }).format(amount);
}

function moneyOptions(currency: string | null): Intl.NumberFormatOptions {
  return currency && /^[A-Z]{3}$/.test(currency) ? { style: "currency", currency } : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
}

export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${upToTwo.format(s)} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(s % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

export function formatAgo(instant: string, now = Date.now()): string {
  const ms = now - Date.parse(instant);
  if (ms < 0) return `in ${formatSpan(-ms)}`;
  return ms < 5_000 ? "just now" : `${formatSpan(ms)} ago`;
}

function formatSpan(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} days`;
}

/** 2026-03-01 10:00:00, UTC. */
export function formatInstant(instant: string): string {
  const at = new Date(instant);
  return Number.isNaN(at.getTime()) ? instant : at.toISOString().slice(0, 19).replace("T", " ");
}

const day = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" });
export const formatDay = (text: string) => {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : day.format(at);
};

/** A value of an output, for people. Decimals come as text, to lose nothing. */
export function formatValue(output: Pick<Output, "name" | "type" | "unit">, value: Scalar | undefined, currency: string | null, isShort = false): string {
  if (value === null || value === undefined) return None;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (output.type === "day") return formatDay(String(value));
  if (output.type === "instant") return formatInstant(String(value));
  if (output.type === "text") return String(value);
  const number = Number(value);
  if (output.unit === "minor") return formatMoney(number, currency, isShort);
  if (/_ms(_\d+d)?$/.test(output.name)) return formatMs(number);
  if (/(_rate|_share|_ratio|_utilisation)(_\d+d)?$/.test(output.name)) return formatPercent(number);
  return isShort ? formatShort(number) : output.type === "int64" ? formatWhole(number) : new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 }).format(number);
}

/** `spend_by_category_30d` → Spend by category, 30 days. */
export function titleOf(name: string): string {
  const text = name.replace(/_(\d+)d$/, ", $1 days").replace(/, 1 days$/, ", 1 day").replace(/_/g, " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
