import { h } from "/lib/vue.js";
import { named, t, textOf } from "../app/language.js";
import { stopOf } from "../app/places.js";
import { Severity, severityOf } from "../app/severity.js";
import { due, isPast } from "../app/time.js";
import { UnknownBox } from "./unknown-box.js";

const far = (value) =>
  value == null ? "" : value < 950 ? `${Math.round(value / 10) * 10} m` : `${(value / 1000).toFixed(1)} km`;

/** One stop of the route: where, why, how far, by when, and the thumb-sized next step. */
export const StopCard = ({ task, number, distance, instruction, onAcknowledge, onArrive, onScan, onHandOver }) => {
  const level = severityOf(task);
  const can = (move) => (task.moves ?? []).includes(move);
  const begun = task.state !== "dispatched";
  return h(
    "li",
    {
      class: ["stop", level, { unsent: task.unsent }],
      "data-test": "stop",
      "data-task": task.id,
      "data-finding": task.finding_id,
      "data-state": task.state,
    },
    [
      h("div", { class: "stop-head" }, [
        h("span", { class: "number", "aria-hidden": "true" }, number),
        h("div", { class: "where" }, [
          h("strong", { class: "address" }, stopOf(task.place)),
          h("span", { class: "row small" }, [
            h(Severity, { level }),
            h("span", named(`rule.${task.rule}`, task.rule)),
            task.before
              ? h(
                  "span",
                  { class: "tag", "data-test": "before" },
                  t("stop.before", { outcome: named(`outcome.${task.before}`, task.before) }),
                )
              : null,
            task.unsent ? h("span", { class: "tag" }, `⇡ ${t("outbox.one")}`) : null,
          ]),
        ]),
        h("div", { class: "when small" }, [
          h("span", { class: isPast(task.respond_by) ? "over" : "" }, due(task.respond_by)),
          h("span", { class: "quiet" }, far(distance)),
        ]),
      ]),
      h("p", { class: "why" }, textOf(task, "why")),
      task.unknown ? h(UnknownBox, { kept: true }) : null,
      instruction
        ? h("p", { class: "instruction", "data-test": "instruction" }, [
            h("b", `${t("moment.instruct")}：`),
            instruction.note,
          ])
        : null,
      task.state === "suspended"
        ? h("p", { class: "quiet" }, t("task.suspended"))
        : h("div", { class: "steps" }, [
            begun
              ? h(
                  "button",
                  { type: "button", class: "primary", "data-test": "arrive", onClick: () => onArrive(task) },
                  t("stop.arrive"),
                )
              : h(
                  "button",
                  {
                    type: "button",
                    class: "primary",
                    disabled: !can("acknowledge"),
                    "data-test": "acknowledge",
                    onClick: () => onAcknowledge(task),
                  },
                  t("move.acknowledge"),
                ),
            h("button", { type: "button", "data-test": "scan", onClick: () => onScan(task) }, t("stop.scan")),
            h(
              "button",
              {
                type: "button",
                disabled: !can("hand-over"),
                "data-test": "hand-over",
                onClick: () => onHandOver(task),
              },
              t("move.hand-over"),
            ),
          ]),
    ],
  );
};
StopCard.props = ["task", "number", "distance", "instruction", "onAcknowledge", "onArrive", "onScan", "onHandOver"];
