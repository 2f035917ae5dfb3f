// What a page's module finds in a browser and not in Node: its libraries by URL, and a few globals. Loaded by
// `--import`.

import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const here = (file) => new URL(file, import.meta.url).href;
const ELSEWHERE = {
  "/lib/vue.js": pathToFileURL(process.env.VUE).href,
  "../text/words.js": here("words.js"),
  "./store.js": here("memory-store.js"), // Node has no IndexedDB
};

registerHooks({
  resolve: (name, context, next) => next(ELSEWHERE[name] ?? name, context),
});

const remembered = new Map();
globalThis.localStorage = {
  getItem: (key) => remembered.get(key) ?? null,
  setItem: (key, value) => remembered.set(key, String(value)),
  removeItem: (key) => remembered.delete(key),
};
globalThis.location = { pathname: "/worker.html", hash: "", replace() {} };
globalThis.document = {
  documentElement: { lang: "zh-CN" },
  addEventListener() {},
  createElement: () => ({}),
  visibilityState: "visible",
};
globalThis.addEventListener = () => {};
let held = Promise.resolve();
const locks = {
  request: (_, send) => {
    held = held.then(send);
    return held;
  },
};
Object.defineProperty(globalThis, "navigator", { value: { onLine: true, locks } });
