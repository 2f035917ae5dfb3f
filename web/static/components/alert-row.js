import { h } from "/lib/vue.js";
import { named, t, textOf } from "../app/language.js";
import { whereOf } from "../app/places.js";
import { Severity, severityOf } from "../app/severity.js";
import { clock, due, isPast, lasting, now, when } from "../app/time.js";

const NEWS = new Set(["deputy", "community", "street", "district"]); // the worker is told by the task itself

/** What has become of an alert's task, in a few words. */
export function standing(alert) {
  const task = alert.task;
  if (task?.state === "completed" && task.outcome === "done") return t("task.fed_back");
  if (task?.state === "verified") return t("task.verified");
  if (alert.state === "resolved") return t("alert.resolved");
  if (alert.silenced) return t("alert.silenced", { at: when(alert.silenced.until) });
  if (alert.inhibited_by) return t("alert.inhibited");
  if (!task) return t("task.none");
  if (task.asked) return t(`task.asked.${task.asked}`);
  if (task.state === "dispatched") {
    const waits = t("alert.unacknowledged", { span: lasting(now.value - Date.parse(task.dispatched_at)) });
    return NEWS.has(task.escalated_to) ? `${waits} · ${t(`escalated.${task.escalated_to}`)}` : waits;
  }
  if (task.state === "completed" && task.outcome) return named(`outcome.${task.outcome}`, task.outcome);
  return named(`task.${task.state}`, task.state);
}

const inhibits = (alert) => (alert.inhibits ? t("alert.inhibits", { n: alert.inhibits }) : "");

/** One alert of a list. */
export const AlertRow = ({ alert, open, fresh, onOpen }) => {
  const level = severityOf(alert);
  const until = alert.due;
  return h(
    "li",
    {
      class: ["alert", level, { open, fresh }],
      "data-test": "alert",
      "data-finding": alert.finding_id,
      "data-rule": alert.rule,
    },
    [
      h(
        "button",
        {
          type: "button",
          class: "plain",
          "aria-current": open ? "true" : undefined,
          onClick: () => onOpen(alert.finding_id),
        },
        [
          h("span", { class: "line" }, [
            h(Severity, { level }),
            h("time", { datetime: alert.opened_at, title: when(alert.opened_at) }, clock(alert.opened_at)),
            h("strong", named(`rule.${alert.rule}`, alert.rule)),
            alert.unknown
              ? h(
                  "span",
                  { class: "stale small", title: t("unknown.why"), "data-test": "unknown" },
                  `? ${t("unknown")}`,
                )
              : null,
            h("span", { class: "spread" }),
            level === "done" ? null : h("span", { class: ["small", isPast(until) ? "over" : "quiet"] }, due(until)),
          ]),
          h("span", { class: "line why" }, textOf(alert, "why")),
          h(
            "span",
            { class: "line small quiet" },
            [whereOf(alert.place), standing(alert), alert.task?.claimed_by, inhibits(alert)]
              .filter(Boolean)
              .join(" · "),
          ),
        ],
      ),
    ],
  );
};
AlertRow.props = ["alert", "open", "fresh", "onOpen"];
