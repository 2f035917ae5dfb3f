// What a shift hands over to the next: open tasks by urgency and deadline, suspended ones and why, what was done, who
// is on duty next. #from=2026-03-02T08:00:00+08:00 says when the shift began, else the one that runs.

import { computed, createApp, h, onMounted, ref } from "/lib/vue.js";
import { language, named, t } from "../app/language.js";
import { handover, handoverSheet } from "../app/offices.js";
import { scopeName } from "../app/regions.js";
import { account } from "../app/session.js";
import { clock } from "../app/time.js";
import { cardTable, nothing, section } from "../components/card-table.js";
import { OfficeTop } from "../components/office-top.js";
import { Refusal } from "../components/refusal.js";

const MARK = { urgent: "▲", today: "●", planned: "■" };
const from = () => new URLSearchParams(location.hash.slice(1)).get("from") ?? "";

const level = (one) =>
  h("span", { class: ["result", one.severity] }, `${MARK[one.severity]} ${t(`severity.${one.severity}`)}`);
const rule = (one) => h("a", { href: `/centre.html#case=${one.finding}` }, named(`rule.${one.rule}`, one.rule));
const place = (one) => [
  one.address ?? "–",
  h(
    "span",
    { class: "small quiet by" },
    one.queue === "city" ? scopeName("", language.value) : scopeName(one.queue, language.value),
  ),
];
const due = (one) => [
  one.respond_by ? clock(one.respond_by) : "–",
  one.late ? h("strong", { class: "under result urgent" }, t("handover.late")) : null,
  one.due_next ? h("strong", { class: "under result today" }, t("handover.next")) : null,
];
const COLUMNS = {
  open: { level, rule, place, due, holder: (one) => one.holder ?? "–", reason: (one) => one.reason ?? "–" },
  suspended: { level, rule, place, reason: (one) => one.reason ?? "–", holder: (one) => one.holder ?? "–" },
  done: { at: (one) => clock(one.at), level, rule, place, by: (one) => one.by_name ?? t("handover.itself") },
};
const ROSTER = {
  grid: (one) => scopeName(one.grid, language.value),
  when: (one) => `${clock(one.begins)}–${clock(one.ends)}`,
  worker: (one) => one.worker,
  deputy: (one) => one.deputy ?? "–",
};

const Report = {
  setup() {
    const who = ref(null);
    const error = ref(null);
    const report = ref(null);
    const read = async () => {
      try {
        report.value = await handover(from());
        error.value = null;
      } catch (refused) {
        error.value = refused;
      }
    };
    onMounted(async () => {
      addEventListener("hashchange", read);
      try {
        who.value = await account();
      } catch (away) {
        error.value = away;
        return;
      }
      await read();
    });
    const sum = (name) => report.value.counts.reduce((total, one) => total + one[name], 0);
    const counted = computed(() => ({ open: sum("open"), suspended: report.value.suspended, done: report.value.done }));
    const number = (key, value, id, isTrouble) =>
      h(
        "a",
        { class: ["number-box", { trouble: isTrouble }], href: `#${id}`, "data-test": `number-${key}`, onClick: jump },
        [h("strong", String(value)), h("span", t(`handover.number.${key}`))],
      );
    const jump = (event) => {
      event.preventDefault(); // the fragment says when the shift began
      document.getElementById(event.currentTarget.hash.slice(1))?.scrollIntoView({ block: "start" });
    };
    const part = (name) => {
      const tasks = report.value.tasks.filter((one) => one.part === name);
      const more = counted.value[name] > tasks.length;
      return section(
        `handover-${name}`,
        [
          h("h2", t(`section.handover-${name}`)),
          h("span", { class: "quiet" }, String(counted.value[name])),
          more
            ? h("span", { class: "small quiet" }, t("handover.cut", { shown: tasks.length, n: counted.value[name] }))
            : null,
        ],
        tasks.length
          ? cardTable("handover", tasks, COLUMNS[name], { keyOf: (one) => one.task, test: `handed-${name}` })
          : nothing(t("handover.none")),
      );
    };
    const whole = () => [
      h("div", { class: "row" }, [
        h(
          "p",
          { class: "quiet" },
          t("handover.span", {
            begins: clock(report.value.begins),
            until: clock(report.value.until),
            next: clock(report.value.next_until),
          }),
        ),
        h("span", { class: "spread" }),
        h(
          "a",
          { class: "sheet-link", href: handoverSheet(from()), download: "", "data-test": "pdf" },
          t("handover.pdf"),
        ),
      ]),
      h("nav", { class: "numbers", "aria-label": t("handover.title") }, [
        number("open", counted.value.open, "handover-open", false),
        number("late", sum("late"), "handover-open", sum("late") > 0),
        number("next", sum("due_next"), "handover-open", sum("due_next") > 0),
        number("suspended", counted.value.suspended, "handover-suspended", false),
      ]),
      part("open"),
      part("suspended"),
      part("done"),
      section(
        "handover-roster",
        [h("h2", t("section.handover-roster"))],
        report.value.roster.length
          ? cardTable("handover", report.value.roster, ROSTER, {
              keyOf: (one) => `${one.grid} ${one.worker} ${one.begins}`,
              test: "handed-shift",
            })
          : nothing(t("handover.no-roster")),
      ),
    ];
    return () => {
      const area = who.value ? scopeName(who.value.scope, language.value) : "";
      const title = [area, t("handover.title")].filter(Boolean).join(" · ");
      document.title = title;
      return h("div", { class: "department-page" }, [
        h(OfficeTop, { title, links: who.value?.role === "grid_worker" ? ["worker"] : ["centre"], who: who.value }),
        h("main", [
          h(Refusal, { error: error.value }),
          report.value ? whole() : error.value ? null : h("p", { class: "quiet" }, t("loading")),
        ]),
      ]);
    };
  },
};

createApp(Report).mount("#page");
