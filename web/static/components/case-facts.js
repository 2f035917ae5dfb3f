import { h } from "/lib/vue.js";
import { named, t } from "../app/language.js";
import { recordOf } from "../app/masked.js";
import { when } from "../app/time.js";
import { Contested } from "./contested.js";
import { Department } from "./department.js";

/** Why the alert stands: each fact with the department that stated it, its record and when it happened. */
export const CaseFacts = ({ because }) =>
  h(
    "ul",
    { class: "facts", "data-test": "because" },
    because.map((fact) =>
      h("li", { key: fact.event_id }, [
        h("strong", named(`kind.${fact.kind}`, fact.kind)),
        h("span", [
          h(Department, { of: fact.department, kind: fact.kind }),
          fact.record ? h("span", { class: "quiet small" }, ` · ${t("fact.record")} ${recordOf(fact.record)}`) : null,
          fact.contested ? h(Contested, { contested: fact.contested }) : null,
        ]),
        h("time", { class: "quiet small", datetime: fact.occurred_at }, when(fact.occurred_at)),
      ]),
    ),
  );
CaseFacts.props = ["because"];
