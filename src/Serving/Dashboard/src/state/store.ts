import { useEffect, useState } from "preact/hooks";

/** A value that components follow. */
export interface Store<T> {
  get(): T;
  set(value: T): void;
  subscribe(tell: () => void): () => void;
}

export function createStore<T>(value: T): Store<T> {
  const followers = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const tell of followers) tell();
    },
    subscribe(tell) {
      followers.add(tell);
      return () => void followers.delete(tell);
    },
  };
}

export function useStore<T>(store: Store<T>): T {
  const [value, show] = useState(store.get());
  useEffect(() => {
    const follow = () => show(() => store.get());
    follow(); // it may have changed between render and effect
    return store.subscribe(follow);
  }, [store]);
  return value;
}
