import { h } from "/lib/vue.js";
import { go } from "../app/fragment.js";
import { named, t, textOf } from "../app/language.js";
import { stopOf } from "../app/places.js";
import { linesOf } from "../app/route.js";
import { Severity, severityOf } from "../app/severity.js";
import { RouteTools } from "./route-tools.js";

/** One warning over the grid: one line with its doors under it; one that is still to be visited leads to its stop. */
const warning = ({ line, tasks, done }) =>
  h("details", { class: "warning-line", key: line, "data-test": "line", "data-line": line }, [
    h("summary", [
      h(Severity, { level: severityOf(tasks.find((task) => !done.has(task.id)) ?? tasks[0]) }),
      " ",
      h("b", textOf(tasks[0], "why").split(/：|: /)[0]),
      h(
        "span",
        { class: "small", "data-test": "line-count" },
        ` · ${t("line.doors", { n: tasks.length })} · ${t("line.visited", { n: done.size })}`,
      ),
    ]),
    h(
      "ul",
      tasks.map((task) =>
        h("li", { key: task.id, "data-test": "line-door" }, [
          done.has(task.id)
            ? h("span", `✓ ${stopOf(task.place)}`)
            : h(
                "button",
                { type: "button", class: "plain", onClick: () => go({ visit: task.id }) },
                stopOf(task.place),
              ),
          h("span", { class: "quiet small" }, ` · ${named(`task.${task.state}`, task.state)}`),
        ]),
      ),
    ),
  ]);

/** What stands above the route: the warnings of the day, each as one line, and what one can do about the plan. */
export const RouteHead = ({ tasks, plan, planning, onReplan }) => [
  ...linesOf(tasks).map(warning),
  h(RouteTools, { plan, planning, onReplan }),
];
RouteHead.props = ["tasks", "plan", "planning", "onReplan"];
