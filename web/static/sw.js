// Keeps the shell of the worker's page. The network comes first, so that a new version is seen at once; the cache
// answers when the network does not, or is too slow. Answers of the API are never kept here: what a page needs offline
// it keeps itself.

const SHELL = "citygrid-shell-3";
const PATIENCE_MS = 3_000;
const FILES = [
  "/worker.html",
  "/index.html",
  "/icon.svg",
  "/manifest.webmanifest",
  "/lib/vue.js",
  "/lib/leaflet/leaflet.js",
  "/lib/leaflet/leaflet.css",
  "/style/base.css",
  "/style/parts.css",
  "/style/worker.css",
  "/style/sign-in.css",
  "/text/words.js",
  "/text/zh.js",
  "/text/zh/catalogue.js",
  "/text/zh/department.js",
  "/text/zh/shared.js",
  "/text/zh/life.js",
  "/text/zh/offices.js",
  "/text/zh/pages.js",
  "/text/zh/plate.js",
  "/text/zh/record.js",
  "/text/en.js",
  "/text/en/catalogue.js",
  "/text/en/department.js",
  "/text/en/shared.js",
  "/text/en/life.js",
  "/text/en/offices.js",
  "/text/en/pages.js",
  "/text/en/plate.js",
  "/text/en/record.js",
  "/pages/worker.js",
  "/pages/sign-in.js",
  "/app/answers.js",
  "/app/api.js",
  "/app/clusters.js",
  "/app/day.js",
  "/app/drafts.js",
  "/app/fragment.js",
  "/app/frames.js",
  "/app/freshness.js",
  "/app/gcj02.js",
  "/app/identity-number.js",
  "/app/input.js",
  "/app/language.js",
  "/app/masked.js",
  "/app/outbox.js",
  "/app/photo.js",
  "/app/plates.js",
  "/app/places.js",
  "/app/position.js",
  "/app/regions.js",
  "/app/route.js",
  "/app/seal.js",
  "/app/session.js",
  "/app/shift.js",
  "/app/severity.js",
  "/app/shades.js",
  "/app/store.js",
  "/app/stream.js",
  "/app/time.js",
  "/components/case-facts.js",
  "/components/case-report.js",
  "/components/department.js",
  "/components/door.js",
  "/components/grid-map.js",
  "/components/language-switch.js",
  "/components/map-marks.js",
  "/components/move-form.js",
  "/components/outbox-strip.js",
  "/components/password-change.js",
  "/components/people.js",
  "/components/photo-field.js",
  "/components/refusal.js",
  "/components/reported.js",
  "/components/route-map.js",
  "/components/shift-strip.js",
  "/components/route-tools.js",
  "/components/route-way.js",
  "/components/scan.js",
  "/components/stop-card.js",
  "/components/unknown-box.js",
  "/components/visit.js",
];

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(SHELL)
      .then((cache) => cache.addAll(FILES))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("citygrid-shell-") && name !== SHELL;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

async function fromNetwork(request, path) {
  const answer = await fetch(request);
  if (answer.ok) (await caches.open(SHELL)).put(path, answer.clone());
  return answer;
}

async function fromShell(request, path) {
  const cached = await caches.match(path);
  if (!cached) return fromNetwork(request, path);
  let timer;
  const patience = new Promise((done) => (timer = setTimeout(() => done(cached), PATIENCE_MS)));
  const network = fromNetwork(request, path).catch(() => cached);
  return Promise.race([network, patience]).finally(() => clearTimeout(timer));
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const path = url.pathname === "/" ? "/index.html" : url.pathname; // whoever signs out without a network comes here
  const ours = url.origin === location.origin && event.request.method === "GET" && !url.pathname.startsWith("/api/");
  if (ours && FILES.includes(path)) event.respondWith(fromShell(event.request, path));
});
