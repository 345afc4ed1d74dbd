import { route } from "../state/route";
import { useStore } from "../state/store";
import { CasePage } from "./cases/Case";
import { Queue } from "./cases/Queue";

export function CasesPage() {
  const { rest } = useStore(route);
  return rest ? <CasePage key={rest} number={rest} /> : <Queue />;
}
