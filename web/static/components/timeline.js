import { h } from "/lib/vue.js";
import { named, t } from "../app/language.js";
import { when } from "../app/time.js";

const SENT_LATER_MS = 60_000;

/** Who did what when, newest last; a null `by` is the system. `unit`: what extensions are counted in. */
export const Timeline = ({ moments, unit }) =>
  h(
    "ol",
    { class: "timeline", "data-test": "timeline" },
    moments.map((one, i) =>
      h("li", { key: i, class: `kind-${one.kind}` }, [
        h("span", [
          h("strong", named(`moment.${one.kind}`, one.kind)),
          " ",
          h("span", { class: "quiet small" }, one.by ?? t("moment.system")),
        ]),
        one.outcome
          ? h(
              "span",
              { class: "small" },
              named(`${one.kind === "rate" ? "rating" : "outcome"}.${one.outcome}`, one.outcome),
            )
          : null,
        one.amount && unit ? h("span", { class: "small" }, t(`extension.${unit}`, { n: one.amount })) : null,
        h("time", { class: "quiet small", datetime: one.at }, when(one.at)),
        one.happened_at && Date.parse(one.at) - Date.parse(one.happened_at) > SENT_LATER_MS
          ? h(
              "span",
              { class: "quiet small", "data-test": "happened" },
              t("moment.happened", { at: when(one.happened_at) }),
            )
          : null,
        one.note ? h("q", one.note) : null,
      ]),
    ),
  );
Timeline.props = ["moments", "unit"];
