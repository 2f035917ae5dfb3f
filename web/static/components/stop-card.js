import { h } from "/lib/vue.js";
import { navigation } from "../app/gcj02.js";
import { named, t, textOf } from "../app/language.js";
import { stopOf } from "../app/places.js";
import { dueOf, levelOf } from "../app/route.js";
import { Severity, severityOf } from "../app/severity.js";
import { clock, due, isPast } from "../app/time.js";
import { askedText } from "./case-report.js";
import { Instruction } from "./instruction.js";
import { UnknownBox } from "./unknown-box.js";

const WALK_M_PER_MINUTE = 72; // as the server plans: planning/stops.py

export const far = (value) =>
  value == null ? "" : value < 950 ? `${Math.round(value / 10) * 10} m` : `${(value / 1000).toFixed(1)} km`;

const minutes = (value) =>
  value == null ? "" : t("stop.minutes", { n: Math.max(1, Math.round(value / WALK_M_PER_MINUTE)) });

/** Why a stop is where it is, or is not on the route, in words. `addressOf` names another stop by its key. */
export function reasonText(reason, addressOf = (key) => key) {
  const { kind, at, until, metres, key } = reason;
  return t(`reason.${kind}`, {
    at: at ? clock(at) : "",
    until: until ? clock(until) : "",
    far: far(metres),
    stop: key ? addressOf(key) : "",
  });
}

/** What of it is due, in one line: a task's rule, or a recurring visit. */
const titlesOf = (stop) => [
  ...stop.tasks.map((task) => named(`rule.${task.rule}`, task.rule)),
  ...stop.patrols.map((patrol) => textOf(patrol, "title")),
];

const finding = (task, several, instructions) =>
  h(
    "div",
    {
      class: "finding",
      key: task.id,
      "data-test": "finding",
      "data-task": task.id,
      "data-finding": task.finding_id,
      "data-state": task.state,
    },
    [
      several || task.before
        ? h("p", { class: "row small" }, [
            several ? h(Severity, { level: severityOf(task) }) : null,
            several ? h("b", named(`rule.${task.rule}`, task.rule)) : null,
            several ? h("span", { class: isPast(task.respond_by) ? "over" : "quiet" }, due(task.respond_by)) : null,
            task.before
              ? h(
                  "span",
                  { class: "tag", "data-test": "before" },
                  t("stop.before", { outcome: named(`outcome.${task.before}`, task.before) }),
                )
              : null,
          ])
        : null,
      h("p", { class: "why" }, textOf(task, "why")),
      task.unknown ? h(UnknownBox, { kept: true }) : null,
      task.missing
        ? h("p", { class: "instruction", "data-test": "missing" }, `↩ ${t("task.missing", { what: task.missing })}`)
        : null,
      task.escalated_to && task.escalated_to !== "worker"
        ? h("p", { class: "over small", "data-test": "escalated" }, t(`escalated.${task.escalated_to}`))
        : null,
      task.asked ? h("p", { class: "quiet small", "data-test": "asked" }, `● ${askedText(task)}`) : null,
      ...(instructions ?? []).map((one) => h(Instruction, { key: one.number, instruction: one })),
    ],
  );

const patrolLine = (patrol) =>
  h("p", { class: "why patrol", key: patrol.id, "data-test": "patrol", "data-patrol": patrol.id }, [
    t("patrol.due", { title: textOf(patrol, "title"), days: patrol.every_days }),
    patrol.spot ? ` · ${patrol.spot}` : "",
    ` · ${patrol.last_at ? t("patrol.last", { at: clock(patrol.last_at) }) : t("patrol.never")}`,
  ]);

/** One stop of the route: a door with all that is to be done there, why it stands here, the thumb-sized next step. */
export const StopCard = (props) => {
  const { stop, number, distance, instructions, addressOf } = props;
  const level = levelOf(stop);
  const [first] = stop.tasks;
  const several = stop.tasks.length + stop.patrols.length > 1;
  const waiting = stop.tasks.filter((task) => task.state === "dispatched");
  const suspended = first?.state === "suspended";
  const unsent = stop.tasks.some((task) => task.unsent);
  const taken = waiting.length ? "dispatched" : (first?.state ?? "patrol");
  const until = dueOf(stop);
  const known = stop.plan?.reasons ?? [];
  // how far it is stands above already; that it is the next one on the way is a reason where there is no other
  const told = known.length > 1 ? known.filter((one) => one.kind !== "near") : known;
  const reasons = told.map((one) => reasonText(one, addressOf));
  const handing = stop.tasks.filter((task) => (task.moves ?? []).includes("hand-over"));
  const asking = stop.tasks.filter((task) => (task.moves ?? []).includes("ask-suspension"));
  return h(
    "li",
    {
      class: ["stop", level, { unsent }],
      "data-test": "stop",
      "data-key": stop.key,
      "data-task": first?.id,
      "data-finding": first?.finding_id,
      "data-state": taken,
    },
    [
      h("div", { class: "stop-head" }, [
        h("span", { class: "number", "aria-hidden": "true" }, number),
        h("div", { class: "where" }, [
          h("strong", { class: "address" }, stopOf(stop.place)),
          h("span", { class: "row small" }, [
            h(Severity, { level }),
            h("span", several ? t("stop.matters", { n: titlesOf(stop).length }) : titlesOf(stop)[0]),
            unsent ? h("span", { class: "tag" }, `⇡ ${t("outbox.one")}`) : null,
            stop.moved ? h("span", { class: "tag", "data-test": "moved" }, reasonText(stop.moved, addressOf)) : null,
          ]),
        ]),
        h("div", { class: "when small" }, [
          until === undefined ? null : h("span", { class: isPast(until) ? "over" : "" }, due(until)),
          h(
            "span",
            { class: "quiet", "data-test": "distance" },
            [far(distance), minutes(distance)].filter(Boolean).join(" · "),
          ),
        ]),
      ]),
      ...stop.tasks.map((task) => finding(task, several, instructions?.[task.finding_id])),
      ...stop.patrols.map(patrolLine),
      stop.left
        ? h("p", { class: "left-out", "data-test": "left" }, reasonText(stop.left, addressOf))
        : reasons.length
          ? h("p", { class: "reasons small quiet", "data-test": "reasons" }, [
              t("stop.order"),
              [stop.plan ? t("stop.about", { at: clock(stop.plan.begin_at) }) : null, ...reasons]
                .filter(Boolean)
                .join(" · "),
            ])
          : null,
      suspended
        ? h("p", { class: "quiet" }, t("task.suspended"))
        : h("div", { class: "steps" }, [
            waiting.length
              ? h(
                  "button",
                  {
                    type: "button",
                    class: "primary",
                    disabled: !waiting.some((task) => (task.moves ?? []).includes("acknowledge")),
                    "data-test": "acknowledge",
                    onClick: () => props.onAcknowledge(waiting),
                  },
                  t("move.acknowledge"),
                )
              : h(
                  "button",
                  { type: "button", class: "primary", "data-test": "arrive", onClick: () => props.onArrive(stop) },
                  t("stop.arrive"),
                ),
            h("button", { type: "button", "data-test": "scan", onClick: () => props.onScan(stop) }, t("stop.scan")),
            stop.place?.lon == null
              ? null
              : h(
                  "a",
                  {
                    class: "button",
                    href: navigation(stop.place),
                    "data-test": "navigate",
                    title: t("stop.navigate.why"),
                  },
                  t("stop.navigate"),
                ),
            first
              ? h(
                  "button",
                  {
                    type: "button",
                    disabled: !handing.length,
                    "data-test": "hand-over",
                    onClick: () => props.onHandOver(handing),
                  },
                  t("move.hand-over"),
                )
              : null,
            first
              ? h(
                  "button",
                  { type: "button", disabled: !asking.length, "data-test": "ask", onClick: () => props.onAsk(asking) },
                  t("move.ask"),
                )
              : null,
          ]),
    ],
  );
};
StopCard.props = [
  "stop",
  "number",
  "distance",
  "instructions",
  "addressOf",
  "onAcknowledge",
  "onArrive",
  "onScan",
  "onHandOver",
  "onAsk",
];
