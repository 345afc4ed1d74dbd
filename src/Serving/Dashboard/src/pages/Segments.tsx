import { route } from "../state/route";
import { useStore } from "../state/store";
import { RuleBuilder } from "./segments/RuleBuilder";
import { SegmentList } from "./segments/SegmentList";
import { Members } from "./segments/Members";
import { useDefinition } from "../view/definition";
import { Card, Empty, Tag } from "../components/basics";
import { Rule } from "../components/Rule";
import { titleOf } from "../view/format";

export function SegmentsPage() {
  const { rest } = useStore(route);
  return rest ? <One key={rest} name={rest} /> : <><RuleBuilder /><SegmentList /></>;
}

function One({ name }: { name: string }) {
  const segment = useDefinition()!.segments.find((s) => s.name === name);
  if (!segment) return <Card><Empty title={`The definition has no segment ${name}`}><p><a href="#/segments">All segments</a></p></Empty></Card>;
  return (
    <>
      <Card title={titleOf(name)} aside={<a href="#/segments">All segments</a>}>
        <p>{segment.doc} <Tag title="Membership is evaluated when an event is folded">live</Tag></p>
        <p><Rule text={segment.computed_as} /></p>
      </Card>
      <Members where={name} />
    </>
  );
}
