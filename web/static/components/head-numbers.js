import { h } from "/lib/vue.js";
import { t } from "../app/language.js";
import { seconds } from "../app/time.js";

/** Each number is a link to what it counts. `href` is a fragment of the centre's page. */
const NUMBERS = [
  { key: "open", href: "#list=open", extra: (s) => (s.urgent ? ["urgent", `▲${s.urgent}`] : null) },
  { key: "due_today", href: "#list=due" },
  { key: "overdue", href: "#list=overdue", alarm: true },
  { key: "waiting_for_assignment", href: "#list=waiting" },
  { key: "unknown", href: "#list=unknown", whenAny: true },
  { key: "workers_on_duty", href: "#list=claimed" },
  { key: "mean_acknowledge_seconds", href: "#panel=acknowledge", show: seconds },
];

export const HeadNumbers = ({ summary }) =>
  h(
    "nav",
    { class: "numbers", "aria-label": t("numbers.title") },
    NUMBERS.filter(({ key, whenAny }) => !whenAny || summary?.[key]).map(({ key, href, extra, alarm, show }) => {
      const value = summary?.[key];
      const more = summary && extra?.(summary);
      return h("a", { key, href, "data-test": `number-${key}`, class: { alarm: alarm && value > 0 } }, [
        h("span", { class: "label" }, t(`numbers.${key}`)),
        h("b", show ? show(value) : (value ?? "–")),
        more ? h("span", { class: ["severity", more[0]] }, more[1]) : null,
      ]);
    }),
  );
HeadNumbers.props = ["summary"];
