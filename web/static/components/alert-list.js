import { h, nextTick, onBeforeUpdate, onUpdated, ref, watch } from "/lib/vue.js";
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
  if (!task) return t("task.none");
  if (task.asked) return t(`task.asked.${task.asked}`);
  if (task.state === "dispatched") {
    const waits = t("alert.unacknowledged", { span: lasting(now.value - Date.parse(task.dispatched_at)) });
    return NEWS.has(task.escalated_to) ? `${waits} · ${t(`escalated.${task.escalated_to}`)}` : waits;
  }
  if (task.state === "completed" && task.outcome) return named(`outcome.${task.outcome}`, task.outcome);
  return named(`task.${task.state}`, task.state);
}

const Row = ({ alert, open, fresh, onOpen }) => {
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
            h(
              "span",
              { class: ["small", isPast(until) && level !== "done" ? "over" : "quiet"] },
              level === "done" ? t("severity.done") : due(until),
            ),
          ]),
          h("span", { class: "line why" }, textOf(alert, "why")),
          h(
            "span",
            { class: "line small quiet" },
            [whereOf(alert.place), standing(alert), alert.task?.claimed_by].filter(Boolean).join(" · "),
          ),
        ],
      ),
    ],
  );
};
Row.props = ["alert", "open", "fresh", "onOpen"];

const DRAWN = 200; // rows; a flood of alerts must not make the page slow

/**
 * The list keeps its place: whatever is inserted or removed above, the first row in sight stays where the eye has it.
 */
export const AlertList = {
  props: ["list", "open", "title", "loading"],
  emits: ["open", "more", "clear"],
  setup(props, { emit }) {
    const box = ref(null);
    const drawn = ref(DRAWN);
    const scrolled = ref(false);
    let anchor = null;

    const rows = () => [...(box.value?.querySelectorAll("[data-finding]") ?? [])];

    onBeforeUpdate(() => {
      anchor = null;
      if (!box.value || box.value.scrollTop < 4) return;
      const top = box.value.getBoundingClientRect().top;
      const first = rows().find((row) => row.getBoundingClientRect().bottom > top);
      if (first) anchor = { id: first.dataset.finding, at: first.getBoundingClientRect().top };
    });
    onUpdated(() => {
      const again = anchor && rows().find((row) => row.dataset.finding === anchor.id);
      if (again) box.value.scrollTop += again.getBoundingClientRect().top - anchor.at;
    });

    const onScroll = () => {
      scrolled.value = box.value.scrollTop > 4;
      if (!scrolled.value) props.list.seen();
    };
    const more = () => {
      if (props.list.items.value.length <= drawn.value) emit("more");
      drawn.value += DRAWN;
    };
    const toTop = () => nextTick(() => box.value.scrollTo({ top: 0, behavior: "smooth" }));
    watch(
      () => props.title,
      () => {
        drawn.value = DRAWN;
        if (box.value) box.value.scrollTop = 0;
      },
    );

    return () => {
      const items = props.list.items.value;
      const counted = props.list.counted.value;
      const waiting = props.list.arrived.size;
      return h("section", { class: "panel list", "aria-label": t("list.title") }, [
        h("header", [
          h("h2", props.title),
          h(
            "span",
            { class: "quiet small", "data-test": "list-count" },
            t("list.count", { n: counted ? `${counted.count}${counted.more ? "+" : ""}` : "–" }),
          ),
          h("span", { class: "spread" }),
          h("button", { class: "plain small", type: "button", onClick: () => emit("clear") }, t("list.all")),
        ]),
        scrolled.value && waiting
          ? h(
              "button",
              { class: "pill primary", type: "button", "data-test": "new-pill", onClick: toTop },
              `↑ ${t("list.new", { n: waiting })}`,
            )
          : null,
        h("div", { class: "scroll", ref: box, tabindex: 0, onScroll, "data-test": "alerts" }, [
          h(
            "ul",
            { "aria-live": "polite", "aria-relevant": "additions" },
            items.slice(0, drawn.value).map((alert) =>
              h(Row, {
                key: alert.finding_id,
                alert,
                open: alert.finding_id === props.open,
                fresh: props.list.arrived.has(alert.finding_id),
                onOpen: (id) => emit("open", id),
              }),
            ),
          ),
          items.length === 0 ? h("p", { class: "empty quiet" }, t(props.loading ? "loading" : "list.empty")) : null,
          props.list.next.value || items.length > drawn.value
            ? h("button", { type: "button", class: "more", onClick: more }, t("list.more"))
            : null,
        ]),
      ]);
    };
  },
};
