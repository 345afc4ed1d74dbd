// The API key lives in this tab's session storage and in the Authorization header: never in a URL, a cookie or anything that outlives the tab.
import { createStore } from "./store";

const Place = "lambda-key";

export const key = createStore<string | null>(sessionStorage.getItem(Place));

/** Why the host asks for a key; null while it does not. */
export const asksForKey = createStore<string | null>(null);

export function useKey(text: string) {
  sessionStorage.setItem(Place, text);
  asksForKey.set(null);
  key.set(text);
}

export function forgetKey() {
  sessionStorage.removeItem(Place);
  key.set(null);
}
