import { h } from "/lib/vue.js";
import { t } from "../app/language.js";
import { online } from "../app/outbox.js";
import { followPosition, here, notKnown } from "../app/position.js";
import { clock } from "../app/time.js";

/** When the route was planned, until when the shift lasts, and what one can do about both. */
export const RouteTools = ({ plan, planning, onReplan }) =>
  h("div", { class: "route-tools" }, [
    h(
      "button",
      { type: "button", disabled: !online.value || planning, "data-test": "replan", onClick: onReplan },
      t(planning ? "route.planning" : "route.anew"),
    ),
    here.value
      ? null
      : h("button", { type: "button", "data-test": "position", onClick: followPosition }, t("route.position")),
    notKnown.value ? h("span", { class: "small quiet", role: "status" }, t("route.no-position")) : null,
    h(
      "span",
      { class: "small quiet", "data-test": "planned" },
      plan ? t("route.made", { at: clock(plan.made_at), until: clock(plan.shift_ends_at) }) : t("route.none"),
    ),
  ]);
RouteTools.props = ["plan", "planning", "onReplan"];
