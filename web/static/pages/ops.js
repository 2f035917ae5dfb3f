// Operations: what runs, how far each reader is, dead letters and having them sent back, quiet departments. What could
// not be asked is unknown, never zero.

import { computed, createApp, h, onMounted, onUnmounted, ref } from "/lib/vue.js";
import { refreshFreshness, topics } from "../app/freshness.js";
import { language, t } from "../app/language.js";
import { letters, operations } from "../app/offices.js";
import { account } from "../app/session.js";
import { clock } from "../app/time.js";
import { LetterList } from "../components/letter-list.js";
import { OfficeTop } from "../components/office-top.js";
import { Processes, QuietTopics, Readers } from "../components/operations.js";
import { Refusal } from "../components/refusal.js";

const REREAD_MS = 10_000;

const Ops = {
  setup() {
    const who = ref(null);
    const error = ref(null);
    const now = ref(null);
    const aside = ref(null);

    const read = async () => {
      try {
        const answers = await Promise.all([operations(), letters(), refreshFreshness()]);
        [now.value, aside.value] = answers;
        error.value = null;
      } catch (refused) {
        error.value = refused;
      }
    };
    let every;
    onMounted(async () => {
      try {
        who.value = await account();
      } catch (away) {
        error.value = away;
        return;
      }
      await read();
      every = setInterval(read, REREAD_MS);
    });
    onUnmounted(() => clearInterval(every));

    const quiet = computed(() => [...topics.values()].filter((topic) => topic.stale));
    const troubled = computed(() => now.value.processes.filter((one) => one.state !== "ready"));
    const behind = computed(() =>
      now.value.readers ? now.value.readers.reduce((sum, one) => sum + one.records, 0) : null,
    );
    const numberOf = (value) => (value === null ? "?" : value.toLocaleString(language.value));
    const number = (key, value, section, isTrouble) =>
      h("a", { class: ["number-box", { trouble: isTrouble }], href: `#${section}`, "data-test": `number-${key}` }, [
        h("strong", numberOf(value)),
        h("span", t(`ops.number.${key}`)),
      ]);

    const whole = () => [
      h("nav", { class: "numbers", "aria-label": t("ops.title") }, [
        number("processes", troubled.value.length, "processes", troubled.value.length > 0),
        number("lag", behind.value, "readers", behind.value === null),
        number("letters", aside.value.waiting, "letters", aside.value.waiting > 0),
        number("quiet", quiet.value.length, "quiet-topics", quiet.value.length > 0),
      ]),
      h("p", { class: "quiet small asked", role: "status" }, t("ops.asked", { at: clock(now.value.asked_at) })),
      h(Processes, { processes: now.value.processes }),
      h(Readers, { readers: now.value.readers, at: now.value.readers_at }),
      h(LetterList, { letters: aside.value.items, waiting: aside.value.waiting, onAsked: read }),
      h(QuietTopics, { topics: quiet.value }),
      h("section", { class: "panel", "data-test": "dashboards" }, [
        h("header", [h("h2", t("ops.dashboards"))]),
        h(
          "ul",
          { class: "dashboards" },
          Object.entries(now.value.dashboards).map(([name, url]) =>
            h(
              "li",
              { key: name },
              h("a", { href: url, rel: "noopener", target: "_blank" }, t(`ops.dashboard.${name}`)),
            ),
          ),
        ),
        Object.keys(now.value.dashboards).length ? null : h("p", { class: "empty quiet" }, t("ops.dashboards.none")),
      ]),
    ];
    return () => {
      document.title = t("ops.title");
      return h("div", { class: "department-page" }, [
        h(OfficeTop, {
          title: t("ops.title"),
          links: who.value?.role === "admin" ? ["admin", "department", "catalogue"] : ["department", "catalogue"],
          who: who.value,
        }),
        h("main", [
          h(Refusal, { error: error.value }),
          now.value && aside.value ? whole() : error.value ? null : h("p", { class: "quiet" }, t("loading")),
        ]),
      ]);
    };
  },
};

createApp(Ops).mount("#page");
