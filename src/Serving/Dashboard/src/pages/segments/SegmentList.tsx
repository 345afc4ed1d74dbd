import { ApiError, ask } from "../../api/client";
import type { SearchPage, Segments } from "../../api/types";
import { Card, Empty, Trouble } from "../../components/basics";
import { Rule } from "../../components/Rule";
import { useAsk } from "../../state/asking";
import { hrefOf } from "../../state/route";
import { useDefinition } from "../../view/definition";
import { formatPercent, formatWhole, titleOf } from "../../view/format";

const SizesMs = 30_000;

interface Sizes {
  all: number;
  by: Record<string, number>;
}

/** The definition's segments with their sizes. */
export function SegmentList() {
  const definition = useDefinition()!;
  const names = definition.segments.map((s) => s.name);
  const sizes = useAsk((signal) => sizesOf(names, signal), [definition.definition], SizesMs);
  if (names.length === 0) return <Card title="Segments"><Empty title="The definition has no segments"><p>They stand under <code>segments:</code> in <code>views/customer360.yaml</code>.</p></Empty></Card>;
  const most = Math.max(1, ...Object.values(sizes.data?.by ?? {}));
  return (
    <Card title="Segments" aside={sizes.data && <small>of {formatWhole(sizes.data.all)} customers</small>}>
      {sizes.error && <Trouble error={sizes.error} again={sizes.again} what="The size of segments" />}
      <ul class="segments">
        {definition.segments.map((s) => {
          const size = sizes.data?.by[s.name];
          return (
            <li key={s.name}>
              <a href={hrefOf("segments", s.name)}>
                <span class="segment-name">{titleOf(s.name)}</span>
                <span class="segment-doc">{s.doc}</span>
                <span class="bar-track" aria-hidden="true"><span class="bar" style={{ width: `${((size ?? 0) / most) * 100}%` }} /></span>
                <span class="segment-size">{size === undefined ? "…" : formatWhole(size)}{size !== undefined && sizes.data!.all > 0 && <small>{formatPercent(size / sizes.data!.all)}</small>}</span>
              </a>
              <Rule text={s.computed_as} />
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

async function sizesOf(names: string[], signal: AbortSignal): Promise<Sizes> {
  try {
    const { segments, meta } = await ask<Segments>("v1/segments", { signal });
    return { all: meta.rows, by: Object.fromEntries(segments.map((s) => [s.segment, s.size])) };
  } catch (e) {
    if (!(e instanceof ApiError) || !e.isMissing) throw e;
    return countEach(names, signal);
  }
}

/** For hosts without a list of segments: a search each, a few at a time, since the warehouse has other work too. */
async function countEach(names: string[], signal: AbortSignal): Promise<Sizes> {
  const by: Record<string, number> = {};
  let all = 0;
  const waiting = [...names];
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const page = await ask<SearchPage>("v1/customers/search", { method: "POST", body: { where: name, limit: 0, count: true }, signal });
      by[name] = page.count ?? 0;
      all = page.meta.rows;
    }
  };
  await Promise.all([work(), work(), work()]);
  return { all, by };
}
