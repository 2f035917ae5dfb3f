import { h } from "/lib/vue.js";
import { onlyFilters } from "../app/filters.js";
import { go } from "../app/fragment.js";
import { language, t } from "../app/language.js";
import { placeName } from "../app/regions.js";
import { remembered } from "../app/session.js";
import { RosterForm } from "./roster-form.js";
import { RosterList } from "./roster-list.js";
import { Sheet } from "./sheet.js";

const STREET_DIGITS = 9;
/** A community's centre and one that is limited to some rules plan no shifts. */
const mayPlan = () => {
  const who = remembered();
  return who && !who.domains && who.scope.length <= STREET_DIGITS;
};

/** Who is on duty, as many as the head says; a click shows what one has in hand. */
export const WorkersPanel = ({ workers, onClose }) => {
  const onDuty = workers.filter((one) => one.on_duty);
  return h(Sheet, { class: "workers", "data-test": "workers", label: t("workers.title"), onClose }, () => [
    h("div", { class: "row" }, [
      h("h2", `${t("workers.title")} · ${onDuty.length}`),
      h("span", { class: "spread" }),
      h("button", { type: "button", class: "plain", onClick: onClose }, t("close")),
    ]),
    h(
      "ul",
      onDuty.map((one) =>
        h("li", { key: one.account, "data-test": "worker-on-duty" }, [
          h(
            "button",
            {
              type: "button",
              class: "plain",
              onClick: () => go({ ...onlyFilters({ assignee: one.account }), panel: "" }),
            },
            [
              h("strong", one.name),
              ` · ${placeName(one.scope, language.value)} · ${t("workers.open", { n: one.open })}`,
            ],
          ),
        ]),
      ),
    ),
    onDuty.length ? null : h("p", { class: "empty quiet" }, t("workers.none")),
    h("p", h("a", { href: "/handover.html", "data-test": "to-handover" }, t("handover.link"))),
    h(RosterList),
    mayPlan() ? h(RosterForm, { workers }) : null,
  ]);
};
WorkersPanel.props = ["workers", "onClose"];
