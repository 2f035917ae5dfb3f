import { h } from "/lib/vue.js";
import { named, t, textOf } from "../app/language.js";
import { stopOf } from "../app/places.js";

const matter = (task) => ` · ${named(`rule.${task.rule}`, task.rule)}`;

const done = (task) =>
  h("li", { key: task.id, "data-test": "finished", "data-task": task.id }, [
    h("span", stopOf(task.place)),
    h("span", { class: "quiet small" }, `${matter(task)}${task.unsent ? ` · ⇡ ${t("outbox.one")}` : ""}`),
  ]);

const closed = (task) =>
  h("li", { key: task.id, "data-test": "closed", "data-task": task.id }, [
    h("span", stopOf(task.place)),
    h("span", { class: "quiet small" }, matter(task)),
    h("p", { class: "small" }, textOf(task, "closed")),
  ]);

const part = (title, tasks, line) =>
  tasks.length
    ? h("details", { class: "finished" }, [h("summary", `${title} ${tasks.length}`), h("ul", tasks.map(line))])
    : null;

/** What of the day is over: what was done here, and what closed by itself with its reason. */
export const DayOver = (props) => [
  part(`✓ ${t("worker.finished")}`, props.finished, done),
  part(t("worker.closed"), props.closed, closed),
];
DayOver.props = ["finished", "closed"];
