import { computed, h, reactive, ref } from "/lib/vue.js";
import { planDay, roster } from "../app/api.js";
import { inputOf } from "../app/input.js";
import { language, t } from "../app/language.js";
import { placeName } from "../app/regions.js";
import { cityDay, tomorrow, wallClock } from "../app/time.js";
import { Refusal } from "./refusal.js";

const GRID_DIGITS = 15;
const blank = () => ({ begins: "08:00", ends: "18:00", worker: "", deputy: "" });

/** Plans who serves one grid on one day; what has begun stays as it is. */
export const RosterForm = {
  props: ["workers"],
  emits: ["planned"],
  setup(props, { emit }) {
    const form = reactive({ grid: "", day: tomorrow() });
    const lines = ref(/** @type {{begins: string, ends: string, worker: string, deputy: string}[] | null} */ (null));
    const error = ref(null);
    const saved = ref(false);
    const grids = computed(() =>
      [...new Set(props.workers.map((one) => one.scope).filter((code) => code.length === GRID_DIGITS))].sort(),
    );
    const ofGrid = () => props.workers.filter((one) => form.grid.startsWith(one.scope));

    const read = async () => {
      lines.value = null;
      error.value = null;
      saved.value = false;
      if (!form.grid || !form.day) return;
      try {
        const shifts = await roster(form.day);
        lines.value = shifts
          .filter(
            (one) => one.grid === form.grid && cityDay(one.begins) === form.day && Date.parse(one.begins) > Date.now(),
          )
          .map((one) => ({
            begins: wallClock(one.begins),
            ends: wallClock(one.ends),
            worker: one.worker,
            deputy: one.deputy ?? "",
          }));
        if (lines.value.length === 0) lines.value.push(blank());
      } catch (refused) {
        error.value = refused;
      }
    };
    const save = async (event) => {
      event.preventDefault();
      error.value = null;
      try {
        const shifts = (lines.value ?? []).map((line) => ({ ...line, deputy: line.deputy || null }));
        await planDay(form.grid, form.day, shifts);
        saved.value = true;
        emit("planned");
      } catch (refused) {
        error.value = refused;
      }
    };
    const field = (line, name, label, i) =>
      h("input", {
        type: "time",
        required: true,
        value: line[name],
        "aria-label": `${t(label)} ${i + 1}`,
        "data-test": `shift-${name}`,
        onInput: (event) => (line[name] = inputOf(event)),
      });
    const person = (line, name, label, i) =>
      h(
        "select",
        {
          required: name === "worker",
          value: line[name],
          "aria-label": `${t(label)} ${i + 1}`,
          "data-test": `shift-${name}`,
          onChange: (event) => (line[name] = inputOf(event)),
        },
        [
          h("option", { value: "" }, t(name === "worker" ? "roster.choose" : "roster.no-deputy")),
          ...ofGrid().map((one) => h("option", { value: one.name, key: one.name }, one.name)),
        ],
      );
    const lineRow = (line, i) =>
      h("div", { key: i, class: "row", "data-test": "shift-line" }, [
        field(line, "begins", "roster.begins", i),
        field(line, "ends", "roster.ends", i),
        person(line, "worker", "roster.worker", i),
        person(line, "deputy", "roster.deputy-name", i),
        h(
          "button",
          {
            type: "button",
            class: "plain",
            "aria-label": `${t("roster.remove")} ${i + 1}`,
            "data-test": "shift-remove",
            onClick: () => lines.value?.splice(i, 1),
          },
          t("roster.remove"),
        ),
      ]);
    const chosen = () => [
      ...(lines.value ?? []).map(lineRow),
      lines.value?.length ? null : h("p", { class: "quiet small" }, t("roster.empty")),
      h("div", { class: "row" }, [
        h(
          "button",
          { type: "button", "data-test": "shift-add", onClick: () => lines.value?.push(blank()) },
          t("roster.add"),
        ),
        h("button", { class: "primary", "data-test": "roster-save" }, t("roster.save")),
        h("span", { role: "status", "data-test": "roster-saved" }, saved.value ? t("roster.saved") : ""),
      ]),
    ];

    return () =>
      h("form", { class: "stack", onSubmit: save, "data-test": "roster-form" }, [
        h("h3", t("roster.plan")),
        h("div", { class: "row" }, [
          h(
            "select",
            {
              value: form.grid,
              "aria-label": t("roster.grid"),
              "data-test": "roster-grid",
              onChange: (event) => [(form.grid = inputOf(event)), read()],
            },
            [
              h("option", { value: "" }, t("roster.which")),
              ...grids.value.map((code) => h("option", { value: code, key: code }, placeName(code, language.value))),
            ],
          ),
          h("input", {
            type: "date",
            required: true,
            value: form.day,
            "aria-label": t("roster.day"),
            "data-test": "roster-day",
            onChange: (event) => [(form.day = inputOf(event)), read()],
          }),
        ]),
        lines.value ? chosen() : null,
        h(Refusal, { error: error.value }),
      ]);
  },
};
