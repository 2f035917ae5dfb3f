import { h } from "/lib/vue.js";
import { LISTS, onlyFilters } from "../app/filters.js";
import { t } from "../app/language.js";
import { clock, seconds } from "../app/time.js";

/**
 * Names the area in sight, so that the link is the same count wherever it is opened.
 *
 * @param {{list?: string, severity?: string}} number
 * @param {string | undefined} area
 */
const toList = ({ list, severity }, area) =>
  `#${new URLSearchParams(onlyFilters({ list: list in LISTS ? list : "", severity, grid: area }))}`;
/** Each number is a link to exactly what it counts. */
const NUMBERS = [
  { key: "open", list: "open" },
  { key: "urgent", list: "open", severity: "urgent" },
  { key: "due_today", list: "due" },
  { key: "overdue", list: "overdue", alarm: true },
  { key: "waiting_for_assignment", list: "waiting" },
  { key: "escalated", list: "escalated", whenAny: true, alarm: true },
  { key: "unanswered", list: "unanswered", whenAny: true, alarm: true },
  { key: "silenced", list: "silenced", whenAny: true },
  { key: "asking", list: "asking", whenAny: true },
  { key: "fed_back", list: "fed_back" },
  { key: "unknown", list: "unknown" },
  { key: "workers_on_duty", href: "#panel=workers" },
  { key: "acknowledge_p50_seconds", href: "#panel=acknowledge", show: seconds },
];

/**
 * `area`: the code of the area that is counted; empty: all that the account sees. `asOf`: since when they stand still,
 * for the page is behind or without the server; null: they are fresh.
 */
export const HeadNumbers = ({ summary, area, asOf }) =>
  h("nav", { class: ["numbers", { behind: asOf }], "aria-label": t("numbers.title") }, [
    ...NUMBERS.filter(({ key, whenAny }) => !whenAny || summary?.[key]).map((one) => {
      const { key, alarm, show } = one;
      const value = summary?.[key];
      const href = one.href ?? toList(one, area);
      return h("a", { key, href, "data-test": `number-${key}`, class: [key, { alarm: alarm && value > 0 }] }, [
        h("span", { class: "label" }, t(`numbers.${key}`)),
        h("b", show ? show(value) : (value ?? "–")),
      ]);
    }),
    asOf
      ? h(
          "span",
          { class: "as-of", role: "status", "data-test": "numbers-behind" },
          `⚠ ${t("numbers.as-of", { at: clock(asOf) })}`,
        )
      : null,
  ]);
HeadNumbers.props = ["summary", "area", "asOf"];
