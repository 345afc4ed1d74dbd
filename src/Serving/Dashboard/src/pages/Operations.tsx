import { Nodes } from "./operations/Nodes";
import { Partitions } from "./operations/Partitions";
import { Quarantine } from "./operations/Quarantine";
import { Runs } from "./operations/Runs";

/** What operators look at and do. */
export function OperationsPage() {
  return (
    <>
      <Runs />
      <Partitions />
      <Nodes />
      <Quarantine />
    </>
  );
}
