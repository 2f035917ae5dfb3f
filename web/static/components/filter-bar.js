import { h } from "/lib/vue.js";
import { NARROWED_BY } from "../app/filters.js";
import { fragment, go } from "../app/fragment.js";
import { inputOf } from "../app/input.js";
import { choices, t } from "../app/language.js";

const OF = {
  severity: ["urgent", "today", "planned"].map((name) => [name, `severity.${name}`]),
  task: ["waiting", "dispatched", "acknowledged", "suspended", "escalated", "asking", "unanswered"].map((name) => [
    name,
    `filter.task.${name}`,
  ]),
  due: ["overdue", "today", "later"].map((name) => [name, `filter.due.${name}`]),
};
const LISTS = ["open", "fed_back", "unknown", "inhibited", "silenced", "resolved"];

const chooser = (name, options, chosen = fragment[name] ?? "", any = t(`filter.${name}`)) =>
  h(
    "select",
    {
      key: `${name} ${options.length}`, // a select shows what was chosen only among the options that it was made with
      value: chosen,
      class: { on: Boolean(fragment[name]) && any },
      "aria-label": t(`filter.${name}`),
      "data-test": `filter-${name}`,
      onChange: (event) => go({ [name]: inputOf(event) }),
    },
    [
      any ? h("option", { value: "" }, any) : null,
      ...options.map(([value, text]) => h("option", { value, key: value }, text)),
    ],
  );
const optionsOf = (name) => OF[name].map(([value, key]) => [value, t(key)]);

/** What list and map are narrowed to; it stands in the page's address. */
export const FilterBar = ({ workers }) => {
  const on = NARROWED_BY.some((name) => fragment[name]) || fragment.list;
  return h("div", { class: "filters", role: "search", "aria-label": t("filter.title") }, [
    chooser(
      "list",
      [...(LISTS.includes(fragment.list || "open") ? [] : [fragment.list]), ...LISTS].map((name) => [
        name,
        t(`list.of.${name}`),
      ]),
      fragment.list || "open",
      "",
    ),
    chooser("rule", choices("rule")),
    chooser("severity", optionsOf("severity")),
    chooser("department", choices("department")),
    chooser("task", optionsOf("task")),
    chooser("due", optionsOf("due")),
    chooser(
      "assignee",
      workers.map((one) => [one.account, `${one.name} · ${one.open}`]),
    ),
    h(
      "button",
      { type: "button", class: "plain small", "data-test": "silences-open", onClick: () => go({ panel: "silences" }) },
      t("silence.title"),
    ),
    on
      ? h(
          "button",
          {
            type: "button",
            class: "plain small",
            "data-test": "filter-none",
            onClick: () => go(Object.fromEntries(["list", ...NARROWED_BY].map((name) => [name, ""]))),
          },
          t("filter.none"),
        )
      : null,
  ]);
};
FilterBar.props = ["workers"];
