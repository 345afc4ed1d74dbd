import { useState } from "preact/hooks";
import { ApiError, ask } from "../../api/client";
import type { CustomerEvents, Timeline } from "../../api/types";
import { ActionButton, Card, Loaded, Trouble } from "../../components/basics";
import { useAsk } from "../../state/asking";
import { formatInstant, formatMoney } from "../../view/format";

const PageSize = 25;

type Entry = Timeline["entries"][number];

/** What happened, newest first. */
export function TimelineCard({ id }: { id: string }) {
  const path = `v1/customers/${encodeURIComponent(id)}`;
  const first = useAsk((signal) => load(path, undefined, signal), [id]);
  const [more, setMore] = useState<Timeline | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const next = more ? more.next : (first.data?.next ?? null);
  const loadMore = async () => {
    setError(null);
    try {
      const page = await load(path, next ?? undefined);
      setMore({ entries: [...(more?.entries ?? []), ...page.entries], next: page.next });
    } catch (e) {
      setError(e as ApiError);
    }
  };
  return (
    <Card title="Timeline">
      <Loaded of={first} what="The timeline">{(page) => (
        <>
          <ol class="timeline">{[...page.entries, ...(more?.entries ?? [])].map((e) => <Row key={`${e.position}${e.at}`} entry={e} />)}</ol>
          {error && <Trouble error={error} />}
          {next && <ActionButton act={loadMore}>Earlier</ActionButton>}
        </>
      )}</Loaded>
    </Card>
  );
}

function Row({ entry }: { entry: Entry }) {
  return (
    <li class={`event ${entry.type}`}>
      <time dateTime={entry.at}>{formatInstant(entry.at).slice(0, 16)}</time>
      <span class="event-title">{entry.title}</span>
      {entry.amount && <span class={`amount${entry.amount.minor > 0 ? " in" : ""}`}>{formatMoney(entry.amount.minor, entry.amount.currency)}</span>}
    </li>
  );
}

/** In words where the host has them, else event by event. */
async function load(path: string, cursor?: string, signal?: AbortSignal): Promise<Timeline> {
  const query = { limit: PageSize, cursor };
  try {
    return await ask<Timeline>(`${path}/timeline`, { query, signal });
  } catch (e) {
    if (!(e instanceof ApiError) || !e.isMissing) throw e;
    const page = await ask<CustomerEvents>(`${path}/events`, { query, signal });
    return { next: page.next, entries: page.events.map((row) => ({ at: row.occurred_at, type: String(row.event["type"]), title: String(row.event["type"]).replace(/_/g, " "), amount: null, count: 1, position: row.position })) };
  }
}
