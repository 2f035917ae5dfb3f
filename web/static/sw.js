// Keeps the worker's page with all that it loads, of one version or not at all: a version is kept once every file of it
// is there and has the content that the version says, and until then the version before answers whole. Answers of the
// API are never kept here: what a page needs offline it keeps itself. And it shows what Web Push brings: that an urgent
// task waits, and when somebody is at it; more than that no push says.

// Put in by the server (web/bundle.py): each address with the SHA-256 of its content.
const RELEASE = { version: "", files: {} };

const KEPT = "citygrid-pages-";
const NAME = `${KEPT}${RELEASE.version}`;
const CONTENT = "citygrid-content"; // header of what is kept: its SHA-256
const AT_ONCE = 3; // of the six connections that a browser has to a server: the page works meanwhile

/** What an older version has of the same content, by its SHA-256. */
async function keptBefore() {
  const before = new Map();
  for (const name of await caches.keys()) {
    if (!name.startsWith(KEPT)) continue;
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const answer = await cache.match(request);
      before.set(answer.headers.get(CONTENT), answer);
    }
  }
  return before;
}

async function fetched(address, sha256) {
  // Whatever else answers there, another version for instance, is refused by its content. What the page has just loaded
  // is in the browser's own cache; if that is wrong, or it is no file for good, the server is asked.
  const ask = (cache) => fetch(address, { cache, integrity: `sha256-${sha256}` });
  const answer = await (address.startsWith("/v/") ? ask("default").catch(() => ask("reload")) : ask("reload"));
  if (!answer.ok) throw new Error(`${address}: HTTP ${answer.status}`);
  const headers = new Headers(answer.headers);
  headers.delete("content-encoding"); // it is kept as it was read
  headers.delete("content-length");
  headers.set(CONTENT, sha256);
  return new Response(await answer.blob(), { headers });
}

async function keepAll() {
  const before = await keptBefore();
  const cache = await caches.open(NAME);
  const waiting = Object.entries(RELEASE.files);
  const take = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [address, sha256] = next;
      await cache.put(address, before.get(sha256)?.clone() ?? (await fetched(address, sha256)));
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, take));
  } catch (refused) {
    waiting.length = 0;
    await caches.delete(NAME); // not whole: nothing of it
    throw refused;
  }
}

self.addEventListener("install", (event) => event.waitUntil(keepAll().then(() => self.skipWaiting())));

async function takeOver() {
  // The version before stays: a page that was being loaded from it is loaded from it to its end.
  const kept = (await caches.keys()).filter((name) => name.startsWith(KEPT) && name !== NAME);
  const old = (await caches.keys()).filter((name) => name.startsWith("citygrid-shell-"));
  for (const name of [...old, ...kept.slice(0, -1)]) await caches.delete(name);
  await self.clients.claim();
}

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

async function answered(request, address) {
  const own = await (await caches.open(NAME)).match(address);
  return own ?? (await caches.match(address)) ?? fetch(request); // somebody emptied the cache
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== location.origin || event.request.method !== "GET") return;
  const address = url.pathname === "/" ? "/index.html" : url.pathname; // who signs out without a network comes here
  if (address in RELEASE.files || address.startsWith("/v/")) event.respondWith(answered(event.request, address));
});

/** `tag` is the task: that somebody is at it takes the place of what was shown before, without a sound. */
async function shown(push) {
  const { kind, tag, title, lang } = push;
  const waits = kind === "call";
  await self.registration.showNotification(title, {
    tag,
    lang,
    icon: "/icon.svg",
    requireInteraction: waits,
    renotify: waits,
    silent: !waits,
    vibrate: waits ? [300, 150, 300, 150, 300] : undefined,
  });
}

self.addEventListener("push", (event) => event.data && event.waitUntil(shown(event.data.json())));

async function toPage() {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const open = pages.find((page) => new URL(page.url).pathname === "/worker.html");
  await (open ? open.focus() : self.clients.openWindow("/worker.html"));
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(toPage());
});
