import { useEffect, useRef } from "preact/hooks";
import { ask } from "./api/client";
import type { Definition } from "./api/types";
import { Loaded } from "./components/basics";
import { KeyPrompt } from "./components/KeyPrompt";
import { Shell } from "./components/Shell";
import { CasesPage } from "./pages/Cases";
import { CustomerPage } from "./pages/Customer";
import { DictionaryPage } from "./pages/Dictionary";
import { OperationsPage } from "./pages/Operations";
import { OverviewPage } from "./pages/Overview";
import { SegmentsPage } from "./pages/Segments";
import { useAsk } from "./state/asking";
import { asksForKey, key } from "./state/key";
import { follow } from "./state/live";
import { route } from "./state/route";
import { useStore } from "./state/store";
import { DefinitionContext } from "./view/definition";

const Pages = {
  "": { title: "Overview", page: OverviewPage },
  customer: { title: "Customer", page: CustomerPage },
  cases: { title: "Fraud cases", page: CasesPage },
  segments: { title: "Segments", page: SegmentsPage },
  dictionary: { title: "Data dictionary", page: DictionaryPage },
  operations: { title: "Operations", page: OperationsPage },
} as const;

const DefinitionMs = 30_000; // a new one comes with a batch run

export function App() {
  const at = useStore(route);
  const shown = useStore(key);
  const asks = useStore(asksForKey);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const definition = useAsk((signal) => ask<Definition>("v1/definition", { signal }), [], DefinitionMs);
  const chosen = Pages[at.page as keyof typeof Pages];

  useEffect(follow, [shown]);

  useEffect(() => {
    document.title = `${chosen?.title ?? "Nothing here"} · Lambda`;
    if (!isFirst.current) main.current?.focus(); // readers by ear begin where the new page begins
    isFirst.current = false;
    window.scrollTo(0, 0);
  }, [at.page]);

  if (asks !== null) return <KeyPrompt why={asks} />;
  const Page = chosen?.page;
  return (
    <DefinitionContext.Provider value={definition.data}>
      <Shell page={at.page} main={main} title={chosen?.title ?? "Nothing here"}>
        {!Page && <p>There is no page of this name. The menu has all there are.</p>}
        {Page && needsDefinition(at.page) && <Loaded of={definition} what="The definition">{() => <Page />}</Loaded>}
        {Page && !needsDefinition(at.page) && <Page />}
      </Shell>
    </DefinitionContext.Provider>
  );
}

const needsDefinition = (page: string) => page === "customer" || page === "segments" || page === "dictionary";
