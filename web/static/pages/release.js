// A page that stays open all day runs the version that it was loaded from: it says so once the server has another one.
// Nobody's typing is cut off: it is loaded when the person says so.

import { createApp, h, onMounted, onUnmounted, ref } from "/lib/vue.js";
import { language, t } from "../app/language.js";

const ASK_MS = 60_000;
const TAKEN_OVER_MS = 20_000;
const OWN = new URL(import.meta.url).pathname.match(/^\/v\/([^/]+)\//)?.[1]; // none: loaded without its version

/** The server's version; null: it cannot be asked now. */
async function offered() {
  try {
    const answer = await fetch("/version.json", { cache: "no-cache" });
    return answer.ok ? (await answer.json()).version : null;
  } catch {
    return null;
  }
}

/** A page that the service worker keeps is loaded from what it keeps: the new version is there before. */
async function takenOver() {
  const registration = await navigator.serviceWorker?.getRegistration();
  if (!registration) return;
  const changed = new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done));
  await registration.update();
  if (!registration.installing && !registration.waiting) return;
  await Promise.race([changed, new Promise((done) => setTimeout(done, TAKEN_OVER_MS))]);
}

const Release = {
  setup() {
    const isNew = ref(false);
    const loading = ref(false);
    const ask = async () => {
      if (document.visibilityState === "hidden" || !OWN) return;
      const version = await offered();
      if (version) isNew.value = version !== OWN;
    };
    const load = async () => {
      loading.value = true;
      await takenOver().catch(() => null); // without a network the version before goes on
      location.reload();
    };
    let every;
    onMounted(() => {
      ask();
      every = setInterval(ask, ASK_MS);
      document.addEventListener("visibilitychange", ask);
      addEventListener("online", ask);
    });
    onUnmounted(() => {
      clearInterval(every);
      document.removeEventListener("visibilitychange", ask);
      removeEventListener("online", ask);
    });
    return () =>
      isNew.value
        ? h(
            "aside",
            { class: "release", "aria-label": t("release.title"), lang: language.value, "data-test": "release" },
            [
              h("span", { role: "status" }, t(loading.value ? "release.loading" : "release.new")),
              h(
                "button",
                { type: "button", disabled: loading.value, "data-test": "release-load", onClick: load },
                t("release.load"),
              ),
            ],
          )
        : null;
  },
};

createApp(Release).mount("#release");
