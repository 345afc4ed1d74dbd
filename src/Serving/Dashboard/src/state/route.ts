// Pages are hash routes: #/customer/anna. The host serves one page and never sees which.
import { createStore } from "./store";

export interface Route {
  page: string;
  /** What stands behind the page's name, decoded. */
  rest: string | null;
  query: URLSearchParams;
}

function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const slash = path.indexOf("/");
  return {
    page: slash < 0 ? path : path.slice(0, slash),
    rest: slash < 0 ? null : decode(path.slice(slash + 1)),
    query: new URLSearchParams(query),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // typed by hand
  }
}

export const route = createStore<Route>(parse(location.hash));
window.addEventListener("hashchange", () => route.set(parse(location.hash)));

export function hrefOf(page: string, rest?: string): string {
  return `#/${page}${rest === undefined ? "" : `/${encodeURIComponent(rest)}`}`;
}

export function go(page: string, rest?: string) {
  location.hash = hrefOf(page, rest);
}
