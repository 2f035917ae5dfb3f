import { h } from "/lib/vue.js";
import { named, t } from "../app/language.js";
import { when } from "../app/time.js";

/** What stands for an alert, its building's or a silence, and for how many of its flats' it stands itself. */
export const Inhibition = ({ alert }) => [
  alert.inhibited_by
    ? h("p", { class: "small", "data-test": "inhibited-by" }, [
        `● ${t("inhibited.why")} `,
        h(
          "a",
          { href: `#case=${alert.inhibited_by}` },
          t("inhibited.by", { rule: named(`rule.${alert.inhibited_by_rule}`, alert.inhibited_by_rule ?? "") }),
        ),
      ])
    : null,
  alert.silenced
    ? h("p", { class: "small", "data-test": "silenced-by" }, [
        `● ${t("silenced.by", { name: alert.silenced.name, at: when(alert.silenced.until) })} `,
        h("span", `“${alert.silenced.reason}”`),
      ])
    : null,
  alert.inhibits
    ? h("p", { class: "small", "data-test": "inhibits" }, [
        h("a", { href: "#list=inhibited" }, t("inhibits", { n: alert.inhibits })),
      ])
    : null,
];
Inhibition.props = ["alert"];
