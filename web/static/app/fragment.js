// The page's state that is worth a link lives in the fragment, which no server and no log ever sees: #grid=440113001&list=open&case=…

import { reactive } from "/lib/vue.js";

const read = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

/** What the fragment says; follows links and the back button. */
export const fragment = reactive({ ...read() });

addEventListener("hashchange", () => {
  const said = read();
  // A link such as #list=due names only what it changes; the rest stays.
  const kept = "list" in said || "grid" in said || "case" in said || "panel" in said ? { ...fragment, panel: "", ...said } : {};
  for (const key of Object.keys(fragment)) if (!(key in kept)) delete fragment[key];
  Object.assign(fragment, kept);
  write();
});

function write() {
  const kept = Object.entries(fragment).filter(([key, value]) => value && key !== "panel");
  const hash = kept.length ? "#" + new URLSearchParams(kept) : location.pathname;
  history.replaceState(history.state, "", hash);
}

/** Changes some of it, as a step that "back" undoes. */
export function go(changes) {
  Object.assign(fragment, changes);
  const kept = Object.entries(fragment).filter(([key, value]) => value && key !== "panel");
  history.pushState(null, "", kept.length ? "#" + new URLSearchParams(kept) : location.pathname);
}

addEventListener("popstate", () => {
  const said = read();
  for (const key of Object.keys(fragment)) if (!(key in said)) delete fragment[key];
  Object.assign(fragment, said);
});
