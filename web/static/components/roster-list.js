import { h, onMounted, ref } from "/lib/vue.js";
import { roster } from "../app/api.js";
import { language, t } from "../app/language.js";
import { placeName } from "../app/regions.js";
import { clock, when } from "../app/time.js";
import { Refusal } from "./refusal.js";

/** Who planned it and when; what came by a file says so. */
const planned = (one) =>
  one.planned_at
    ? t(one.planned_by ? "roster.planned.by" : "roster.planned.file", { who: one.planned_by, at: when(one.planned_at) })
    : "–";

const deputyOf = ({ deputy }) =>
  deputy ? h("span", { class: "quiet small" }, ` · ${t("roster.deputy", { who: deputy })}`) : null;
const nowOf = (one) =>
  one.on_duty ? `● ${t("roster.on-duty", { who: one.on_duty })}` : one.ended_at ? t("roster.handed-over") : "–";

/** A cell with its column's name, for narrow screens. */
const cell = (name, content, more = {}) => h("td", { "data-label": t(`roster.${name}`), ...more }, h("div", content));

const shiftRow = (one) =>
  h("tr", { key: `${one.grid} ${one.worker} ${one.begins}`, "data-test": "shift", "data-grid": one.grid }, [
    cell("when", `${clock(one.begins)}–${clock(one.ended_at ?? one.ends)}`),
    cell("grid", placeName(one.grid, language.value)),
    cell("worker", [one.worker, deputyOf(one)]),
    cell("now", nowOf(one)),
    cell("note", one.note ? h("q", one.note) : "–"),
    cell("planned", planned(one), { class: "quiet", "data-test": "planned" }),
  ]);

/** Today's roster of one's area; nothing where nobody keeps one. */
export const RosterList = {
  setup() {
    const shifts = ref([]);
    const error = ref(null);
    onMounted(async () => {
      try {
        shifts.value = await roster();
      } catch (refused) {
        error.value = refused;
      }
    });
    return () => [
      h(Refusal, { error: error.value }),
      shifts.value.length
        ? h("section", { "data-test": "roster" }, [
            h("h3", t("roster.title")),
            h("table", { class: "small" }, [
              h(
                "thead",
                h(
                  "tr",
                  ["when", "grid", "worker", "now", "note", "planned"].map((name) =>
                    h("th", { scope: "col", key: name }, t(`roster.${name}`)),
                  ),
                ),
              ),
              h("tbody", shifts.value.map(shiftRow)),
            ]),
          ])
        : h("p", { class: "quiet small" }, t("roster.none")),
    ];
  },
};
