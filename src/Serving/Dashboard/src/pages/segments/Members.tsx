import { useState } from "preact/hooks";
import { ApiError, ask } from "../../api/client";
import type { Output, Scalar, SearchPage } from "../../api/types";
import { ActionButton, Card, Empty, Loaded, Scroll, Trouble } from "../../components/basics";
import { useAsk } from "../../state/asking";
import { hrefOf } from "../../state/route";
import { namesIn, useDefinition } from "../../view/definition";
import { formatDay, formatValue, formatWhole, titleOf } from "../../view/format";
import { Export } from "./Export";

const PageSize = 25;
const ColumnsMax = 6;
/** Beside what the rule reads, where the definition has them. */
const Usual = ["full_name", "tier", "spend_90d", "last_seen_at"];

/** The customers a condition is true of. */
export function Members({ where }: { where: string }) {
  const definition = useDefinition()!;
  const scalars = definition.outputs.filter((o) => !o.keys);
  const rule = definition.segments.find((s) => s.name === where)?.computed_as ?? where;
  const read = namesIn(rule, definition).filter((o) => !o.keys);
  const columns = [...new Set([...Usual.flatMap((n) => scalars.find((o) => o.name === n) ?? []), ...read])].slice(0, ColumnsMax);
  const [order, setOrder] = useState(columns.find((c) => c.unit === "minor")?.name ?? "");
  const [more, setMore] = useState<{ of: string; rows: SearchPage["customers"]; next: string | null } | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const body = (visible: Output[], cursor?: string) => ({
    where, select: visible.map((c) => c.name), limit: PageSize, count: cursor === undefined, ...(order ? { order_by: [`${order} desc`] } : {}), ...(cursor ? { cursor } : {}),
  });
  const first = useAsk(async (signal) => {
    try {
      return { columns, page: await ask<SearchPage>("v1/customers/search", { method: "POST", body: body(columns), signal }) };
    } catch (e) {
      if (!(e instanceof ApiError) || e.status !== 403) throw e;
      const visible = columns.filter((c) => !c.pii); // this key may not see personal data
      return { columns: visible, page: await ask<SearchPage>("v1/customers/search", { method: "POST", body: body(visible), signal }) };
    }
  }, [where, order]);
  const [rows, next] = more?.of === order ? [[...(first.data?.page.customers ?? []), ...more.rows], more.next] : [first.data?.page.customers ?? [], first.data?.page.next ?? null];
  const loadMore = async () => {
    setError(null);
    try {
      const page = await ask<SearchPage>("v1/customers/search", { method: "POST", body: body(first.data!.columns, next!) });
      setMore({ of: order, rows: [...(more?.of === order ? more.rows : []), ...page.customers], next: page.next });
    } catch (e) {
      setError(e as ApiError);
    }
  };
  return (
    <Card title="Members" aside={first.data && <Export where={where} count={first.data.page.count ?? null} />}>
      <Loaded of={first} what="Searching customers" lines={6}>
        {({ columns: visible, page }) => rows.length === 0
          ? <Empty title="Nobody, at the moment"><p>The population has {formatWhole(page.meta.rows)} customers.</p></Empty>
          : (
            <>
              <p class="quiet-text">{formatWhole(page.count ?? rows.length)} of {formatWhole(page.meta.rows)} customers{page.meta.oldest_as_of && <>, each as of {formatDay(page.meta.oldest_as_of)} or later</>}</p>
              <Scroll label="Members">
                <table>
                  <thead><tr><th>Customer</th>{visible.map((c) => <Heading key={c.name} column={c} order={order} setOrder={setOrder} />)}</tr></thead>
                  <tbody>{rows.map((r) => (
                    <tr key={r.customer_id}>
                      <th scope="row"><a href={hrefOf("customer", r.customer_id)}>{r.customer_id}</a></th>
                      {visible.map((c) => <td key={c.name} class={isNumber(c) ? "number" : ""}>{formatValue(c, r.values[c.name] as Scalar, null)}</td>)}
                    </tr>
                  ))}</tbody>
                </table>
              </Scroll>
              {error && <Trouble error={error} />}
              {next && <ActionButton act={loadMore}>More</ActionButton>}
            </>
          )}
      </Loaded>
    </Card>
  );
}

const isNumber = (c: Output) => c.type === "int64" || c.type === "decimal";

function Heading({ column, order, setOrder }: { column: Output; order: string; setOrder: (name: string) => void }) {
  const isOrder = column.name === order;
  return (
    <th class={isNumber(column) ? "number" : ""} aria-sort={isOrder ? "descending" : "none"}>
      <button type="button" class="link sort" title={`Sort by ${column.name}`} onClick={() => setOrder(column.name)}>{titleOf(column.name)}{isOrder && " ↓"}</button>
    </th>
  );
}
