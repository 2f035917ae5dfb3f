import { h } from "/lib/vue.js";
import { named, t } from "../app/language.js";
import { when } from "../app/time.js";

/** Who did what when, newest last; a null `by` is the system. */
export const Timeline = ({ moments }) =>
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
        h("time", { class: "quiet small", datetime: one.at }, when(one.at)),
        one.note ? h("q", one.note) : null,
      ]),
    ),
  );
Timeline.props = ["moments"];
