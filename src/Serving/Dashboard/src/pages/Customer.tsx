import { useMemo, useState } from "preact/hooks";
import { ask } from "../api/client";
import type { Customer, CustomerEvents } from "../api/types";
import { Card, Empty, Loaded } from "../components/basics";
import { useAsk } from "../state/asking";
import { go, route } from "../state/route";
import { useStore } from "../state/store";
import { groupsOf, useDefinition } from "../view/definition";
import { Activity, currencyOf } from "./customer/Activity";
import { Explain } from "./customer/Explain";
import { GroupCard } from "./customer/Groups";
import { Head } from "./customer/Head";
import { Estimates, Provenance } from "./customer/Provenance";
import { Membership } from "./customer/Membership";
import { TimelineCard } from "./customer/Timeline";

const LiveMs = 2_000;
const EventsShown = 1_000;

export function CustomerPage() {
  const { rest } = useStore(route);
  return rest ? <One key={rest} id={rest} /> : <Find />;
}

function Find() {
  const [id, setId] = useState("");
  const find = (e: Event) => {
    e.preventDefault();
    if (id.trim()) go("customer", id.trim());
  };
  return (
    <Card title="Find a customer">
      <form class="find" onSubmit={find}>
        <label for="find-id">Customer id</label>
        <div class="row">
          <input id="find-id" value={id} onInput={(e) => setId(e.currentTarget.value)} autocomplete="off" spellcheck={false} />
          <button class="primary" type="submit">Show</button>
        </div>
      </form>
      <p class="quiet-text">By what is known about them: build a rule under <a href="#/segments">Segments</a> and look at its members.</p>
    </Card>
  );
}

/** Everything about one customer. It is asked once, and again when the reader wants: each look at a customer is kept in the audit log. */
function One({ id }: { id: string }) {
  const [asOf, setAsOf] = useState("");
  const [isLive, setLive] = useState(false);
  const [explained, setExplained] = useState<string | null>(null);
  const path = `v1/customers/${encodeURIComponent(id)}`;
  const answer = useAsk((signal) => ask<Customer>(path, { query: { as_of: asOf }, signal }), [id, asOf, isLive], isLive ? LiveMs : undefined);
  const events = useAsk((signal) => ask<CustomerEvents>(`${path}/events`, { query: { limit: EventsShown }, signal }), [id]);
  const currency = useMemo(() => currencyOf(events.data), [events.data]);
  const again = () => {
    answer.again();
    events.again();
  };

  if (answer.error?.status === 404 && !answer.error.isMissing) return <Unknown id={id} again={again} />;
  return (
    <Loaded of={answer} what="This customer" lines={8}>
      {(customer) => (
        <div class="customer">
          <Head customer={customer} currency={currency} asOf={asOf} setAsOf={setAsOf} isLive={isLive} setLive={setLive} again={again} />
          <div class="columns">
            <Provenance customer={customer} />
            <Estimates customer={customer} currency={currency} />
          </div>
          <Activity events={events} currency={currency} />
          <Membership customer={customer} currency={currency} explain={setExplained} />
          <Groups customer={customer} currency={currency} explain={setExplained} />
          <TimelineCard id={id} />
          {explained && <Explain id={id} name={explained} customer={customer} currency={currency} close={() => setExplained(null)} />}
        </div>
      )}
    </Loaded>
  );
}

function Groups(props: { customer: Customer; currency: string | null; explain: (name: string) => void }) {
  const definition = useDefinition()!;
  const groups = useMemo(() => groupsOf(definition), [definition]);
  return <div class="groups">{groups.map((g) => <GroupCard key={g.title} group={g} {...props} />)}</div>;
}

function Unknown({ id, again }: { id: string; again: () => void }) {
  return (
    <Card>
      <Empty title={`No event of customer ${id} is known`}>
        <p>Ids are exact: capital letters and leading zeros count. <button type="button" class="link" onClick={again}>Look again</button></p>
      </Empty>
    </Card>
  );
}

