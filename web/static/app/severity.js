// Severity is never colour alone: icon, word and colour go together (shapes differ too: ▲ ● ■ ✓).

import { h } from "/lib/vue.js";
import { t } from "./language.js";

export const ICON = { urgent: "▲", today: "●", planned: "■", done: "✓" };
export const COLOUR = { urgent: "#b3261e", today: "#9a5b00", planned: "#1a5fb4", done: "#5f6368" };
const RANK = { urgent: 0, today: 1, planned: 2, done: 3 };

/**
 * Whether nothing is left to do: a task that met nobody is followed by another, which may be in a queue that one does
 * not see.
 */
const ended = (/** @type {{state: string, outcome?: string | null} | null | undefined} */ task) =>
  task?.state === "closed" ||
  task?.state === "verified" ||
  (task?.state === "completed" && !["nobody_home", "refused"].includes(task.outcome));

/**
 * The severity to show: that of the alert, `done` once it is resolved or its task has ended. What stands back behind
 * another alert has no task, and is not done.
 *
 * @param {Pick<City.Task, "severity" | "state"> & {task?: City.Alert["task"], outcome?: string | null,
 *   inhibited_by?: string | null, silenced?: object | null}} thing
 * @returns {City.Level}
 */
export function severityOf(thing) {
  const behind = thing.inhibited_by || thing.silenced;
  if (thing.state === "resolved" || (!behind && (ended(thing) || ended(thing.task)))) return "done";
  return thing.severity in RANK ? thing.severity : "planned";
}

/** @param {Parameters<typeof severityOf>[0]} thing */
export const rank = (thing) => RANK[severityOf(thing)];

/** Icon and word of a severity; the word stays for a screen reader where only the icon is drawn. */
export const Severity = (/** @type {{level: City.Level, iconOnly?: boolean}} */ { level, iconOnly }) =>
  h("span", { class: ["severity", level] }, [
    h("span", { class: "icon", "aria-hidden": "true" }, ICON[level]),
    h("span", { class: iconOnly ? "unseen" : "word" }, t(`severity.${level}`)),
  ]);
Severity.props = ["level", "iconOnly"];
