import { createStore } from "./store";

export type Theme = "system" | "light" | "dark";
const Place = "lambda-theme";
const Order: Theme[] = ["system", "light", "dark"];

const kept = localStorage.getItem(Place) as Theme | null;
export const theme = createStore<Theme>(kept && Order.includes(kept) ? kept : "system");

/** Changes when the colours do, whoever changed them: charts, which paint them, are then painted anew. */
export const colours = createStore(0);

const system = matchMedia("(prefers-color-scheme: dark)");

function apply() {
  const chosen = theme.get();
  document.documentElement.dataset["theme"] = chosen === "system" ? (system.matches ? "dark" : "light") : chosen;
  colours.set(colours.get() + 1);
}

export function nextTheme() {
  const next = Order[(Order.indexOf(theme.get()) + 1) % Order.length]!;
  localStorage.setItem(Place, next);
  theme.set(next);
  apply();
}

export function startTheme() {
  apply();
  system.addEventListener("change", apply);
}
