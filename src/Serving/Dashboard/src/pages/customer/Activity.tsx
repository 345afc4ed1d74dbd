import { useMemo } from "preact/hooks";
import type { CustomerEvents } from "../../api/types";
import { Card, Loaded } from "../../components/basics";
import { TimeChart } from "../../components/charts";
import type { Asking } from "../../state/asking";
import { formatDay, formatMoney, formatWhole } from "../../view/format";

const DaysShown = 90;
const DaySeconds = 86_400;

/** What the customer's accounts are in: the billing currency of the newest event that names one. */
export function currencyOf(events: CustomerEvents | null): string | null {
  for (const { event } of events?.events ?? []) {
    const currency = event["billing_currency"] ?? event["currency"];
    if (typeof currency === "string") return currency;
  }
  return null;
}

/** Spending by day, from the newest events. */
export function Activity({ events, currency }: { events: Asking<CustomerEvents>; currency: string | null }) {
  return (
    <Card title="Spending by day" aside={<small>approved debits, last {DaysShown} days</small>}>
      <Loaded of={events} what="The list of events">{(page) => <Chart page={page} currency={currency} />}</Loaded>
    </Card>
  );
}

function Chart({ page, currency }: { page: CustomerEvents; currency: string | null }) {
  const { at, lines, total } = useMemo(() => byDay(page), [page]);
  const oldest = page.events.at(-1)?.occurred_at;
  const isCut = page.next !== null && oldest !== undefined && Date.parse(oldest) / 1000 > at[0]!;
  return (
    <>
      <TimeChart bars at={at} lines={lines} height={180} format={(v) => formatMoney(v, currency, true)} summary={`Spending by day: ${formatMoney(total, currency)} in ${DaysShown} days`} />
      {isCut && <p class="quiet-text">From the {formatWhole(page.events.length)} newest events only: they reach back to {formatDay(oldest)}.</p>}
    </>
  );
}

function byDay(page: CustomerEvents) {
  const today = Math.floor(Date.now() / 1000 / DaySeconds);
  const at = Array.from({ length: DaysShown }, (_, i) => (today - DaysShown + 1 + i) * DaySeconds);
  const values = at.map(() => 0);
  let total = 0;
  for (const { occurred_at, event } of page.events) {
    if (event["type"] !== "transaction" || event["direction"] !== "debit" || event["status"] !== "approved") continue;
    const day = Math.floor(Date.parse(occurred_at) / 1000 / DaySeconds) - (today - DaysShown + 1);
    const minor = minorOf(event);
    if (day < 0 || day >= DaysShown || minor === null) continue;
    values[day]! += minor;
    total += minor;
  }
  return { at, lines: [{ label: "spent", colour: "--c1", values }], total };
}

/** In the account's currency; an amount without one counts only if it is in that currency itself. */
function minorOf(event: Record<string, unknown>): number | null {
  if (event["billing_amount_minor"] !== undefined) return Number(event["billing_amount_minor"]);
  if (event["billing_currency"] !== undefined && event["billing_currency"] !== event["currency"]) return null;
  if (event["amount_minor"] !== undefined) return Number(event["amount_minor"]);
  return event["amount"] === undefined ? null : Math.round(Number(event["amount"]) * 100);
}
