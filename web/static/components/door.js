import { h } from "/lib/vue.js";
import { named, t, textOf } from "../app/language.js";
import { nameOf, stopOf } from "../app/places.js";
import { Severity, severityOf } from "../app/severity.js";
import { due, when } from "../app/time.js";

const FEW = 3;

const visit = (one, i) =>
  h("li", { key: i, "data-test": "visit-before" }, [
    h("p", { class: "row" }, [
      h("strong", one.rule ? named(`rule.${one.rule}`, one.rule) : t("door.patrol")),
      h("span", { class: "tag" }, named(`outcome.${one.outcome}`, one.outcome ?? "")),
    ]),
    h("p", { class: "small quiet" }, `${when(one.at)} · ${one.by ?? t("moment.system")}`),
    one.note ? h("q", one.note) : null,
  ]);

/** Earlier visits at a door, the newest first: a few, and the others on asking. */
export const VisitsBefore = ({ visits }) =>
  visits.length === 0
    ? h("p", { class: "quiet" }, t("door.visits.none"))
    : h("div", { class: "visits-before" }, [
        h("ul", visits.slice(0, FEW).map(visit)),
        visits.length > FEW
          ? h("details", [
              h("summary", t("door.visits.more", { n: visits.length - FEW })),
              h("ul", visits.slice(FEW).map(visit)),
            ])
          : null,
      ]);
VisitsBefore.props = ["visits"];

const change = (one, i) =>
  h("li", { key: i, "data-test": "change", "data-kind": one.kind }, [
    h("span", one.name ? t(`door.change.${one.kind}.of`, { name: one.name }) : t(`door.change.${one.kind}`)),
    h("span", { class: "small quiet" }, ` ${one.on}`),
  ]);

/** A door as its grid worker meets it: what changed since somebody was met, who lives there, tasks, earlier visits. */
export const Door = ({ door, onOpen }) =>
  h("div", { class: "door stack", "data-test": "door", "data-door": door.dwelling }, [
    h("h2", { class: "address" }, stopOf(door.place)),
    h("p", { class: "quiet small" }, nameOf(door.place)),
    h("h3", door.last_visit_at ? t("door.since", { at: when(door.last_visit_at) }) : t("door.never")),
    door.changes.length
      ? h("ul", { class: "changes" }, door.changes.map(change))
      : h("p", { class: "quiet" }, t("door.changes.none")),
    h("h3", t("door.tasks", { n: door.tasks.length })),
    door.tasks.length
      ? h(
          "ul",
          door.tasks.map((task) =>
            h("li", { key: task.id, "data-test": "door-task" }, [
              h("p", { class: "row" }, [
                h(Severity, { level: severityOf(task) }),
                onOpen
                  ? h("button", { type: "button", onClick: () => onOpen(task) }, named(`rule.${task.rule}`, task.rule))
                  : h("a", { href: `/worker.html#visit=${task.id}` }, named(`rule.${task.rule}`, task.rule)),
                h("span", { class: "small quiet" }, due(task.respond_by)),
              ]),
              h("p", { class: "small" }, textOf(task, "why")),
            ]),
          ),
        )
      : h("p", { class: "quiet" }, t("door.tasks.none")),
    h("h3", t("door.people", { n: door.occupants.length })),
    h(
      "ul",
      { class: "occupants" },
      door.occupants.map((one, i) =>
        h("li", { key: i, class: "row", "data-test": "occupant" }, [
          h("strong", one.name ?? t("person.nameless")),
          one.relation ? h("span", { class: "tag" }, named(`relation.${one.relation}`, one.relation)) : null,
          one.since ? h("span", { class: "small quiet" }, t("door.people.since", { on: one.since })) : null,
        ]),
      ),
    ),
    h("a", { class: "small", href: `/record.html#dwelling/${encodeURIComponent(door.dwelling)}` }, t("door.record")),
    h("h3", t("door.visits")),
    h(VisitsBefore, { visits: door.visits }),
  ]);
Door.props = ["door", "onOpen"];
