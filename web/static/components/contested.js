import { h } from "/lib/vue.js";
import { named, t } from "../app/language.js";
import { clock } from "../app/time.js";

/**
 * That a fact is not sure: the door says otherwise and its department has not answered, or the department itself says
 * that it is wrong.
 */
export const Contested = ({ contested }) =>
  contested
    ? h(
        "span",
        { class: "contested small", "data-test": "contested", "data-state": contested.state },
        `≠ ${[
          contested.correction
            ? t("contested.door", { what: named(`correction.${contested.correction}`, contested.correction) })
            : null,
          t(`contested.${contested.state}`, { at: clock(contested.asked_at) }),
        ]
          .filter(Boolean)
          .join(" · ")}`,
      )
    : null;
Contested.props = ["contested"];
