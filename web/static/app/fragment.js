// The page's state that is worth a link lives in the fragment, which no server and no log ever sees:
// #grid=440113001&list=open&case=…

import { reactive } from "/lib/vue.js";

const read = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

/** What the fragment says; follows links and the back button. */
export const fragment = reactive({ ...read() });

addEventListener("hashchange", () => {
  const wanted = read();
  // A link such as #list=due names only what it changes; the rest stays.
  const kept =
    "list" in wanted || "grid" in wanted || "case" in wanted || "panel" in wanted
      ? { ...fragment, panel: "", ...wanted }
      : "page" in wanted // says all of it
        ? wanted
        : {};
  for (const key of Object.keys(fragment)) if (!(key in kept)) delete fragment[key];
  Object.assign(fragment, kept);
  write();
});

function write() {
  const kept = Object.entries(fragment).filter(([key, value]) => value && key !== "panel");
  const hash = kept.length ? `#${new URLSearchParams(kept)}` : location.pathname;
  history.replaceState(history.state, "", hash);
}

/** Changes some of it, as a step that "back" undoes. */
export function go(changes) {
  Object.assign(fragment, changes);
  const kept = Object.entries(fragment).filter(([key, value]) => value && key !== "panel");
  history.pushState(null, "", kept.length ? `#${new URLSearchParams(kept)}` : location.pathname);
}

addEventListener("popstate", () => {
  const wanted = read();
  for (const key of Object.keys(fragment)) if (!(key in wanted)) delete fragment[key];
  Object.assign(fragment, wanted);
});
