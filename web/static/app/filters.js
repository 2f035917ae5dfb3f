// What list, map and numbers are narrowed to. The server sorts, filters and counts; what an event of the stream says of
// an alert is enough to place it in most lists.

import { isPast, now, sameDay } from "./time.js";

/** What each head number counts: the filters of the list that it opens. */
/** @type {Record<string, Record<string, string>>} */
export const LISTS = {
  open: { state: "open" },
  due: { task: "running", due: "today" },
  overdue: { task: "running", due: "overdue" },
  inhibited: { state: "inhibited" },
  silenced: { state: "silenced" },
  waiting: { task: "waiting" },
  escalated: { task: "escalated" },
  asking: { task: "asking" },
  unanswered: { state: "any", task: "unanswered" },
  fed_back: { state: "any", task: "fed_back" }, // what was done may have resolved its alert
  claimed: { task: "acknowledged" },
  unknown: { state: "unknown" },
  resolved: { state: "resolved" },
};
/** What a person may narrow any list by, as names in the page's address. */
export const NARROWED_BY = ["rule", "severity", "department", "task", "assignee", "due"];

/**
 * The address that leaves no filter on but these: a number opens exactly what it counts.
 *
 * @param {Record<string, string | undefined>} filters
 */
export const onlyFilters = (filters) =>
  Object.fromEntries(["list", "grid", ...NARROWED_BY].map((name) => [name, filters[name] ?? ""]));

/**
 * The filters of the API for what the page's address says, within a region.
 *
 * @param {Record<string, string>} address
 * @param {string} region
 * @returns {Record<string, string>}
 */
export function filtersOf(address, region) {
  const list = LISTS[address.list] ?? LISTS.open;
  const narrowed = Object.fromEntries(NARROWED_BY.filter((name) => address[name]).map((name) => [name, address[name]]));
  return { ...list, ...narrowed, grid: region };
}

const DISTRICT_DIGITS = 6;
const STREET_DIGITS = 9;
const OPEN_TASK = new Set(["dispatched", "acknowledged", "suspended"]);
/** @type {Record<string, (task: City.Alert["task"], scope: string) => boolean>} */
const TASKS = {
  open: (task) => OPEN_TASK.has(task.state),
  running: (task) => OPEN_TASK.has(task.state) && task.state !== "suspended",
  waiting: (task) => task.state === "dispatched" && !task.claimed_by && task.queue.length < 15,
  escalated: (task, scope) => task.state === "dispatched" && levelsFrom(scope).includes(task.escalated_to),
  asking: (task) => Boolean(task.asked),
  fed_back: (task) => task.state === "completed" && task.outcome === "done",
};
/** The level of a command centre of this scope, and those above it: as `city.levels_from`. */
const levelsFrom = (/** @type {string} */ scope) =>
  ["community", "street", "district"].slice(
    scope.length <= DISTRICT_DIGITS ? 2 : scope.length <= STREET_DIGITS ? 1 : 0,
  );
const isOpen = (/** @type {City.Alert} */ alert) => alert.state === "opened" || alert.state === "changed";
const isMuted = (/** @type {City.Alert} */ alert) => Boolean(alert.inhibited_by || alert.silenced);
/** @type {Record<string, (alert: City.Alert) => boolean>} */
const STATES = {
  open: (alert) => isOpen(alert) && !isMuted(alert),
  inhibited: (alert) => isOpen(alert) && Boolean(alert.inhibited_by),
  silenced: (alert) => isOpen(alert) && Boolean(alert.silenced),
  unknown: (alert) => alert.unknown && alert.state !== "resolved" && !isMuted(alert),
  resolved: (alert) => alert.state === "resolved",
  any: (alert) => alert.state !== "held",
};
const isToday = (/** @type {string | null} */ due) => Boolean(due) && !isPast(due) && sameDay(due, now.value);
/** @type {Record<string, (due: string | null) => boolean>} */
const DUE = {
  overdue: isPast,
  today: isToday,
  later: (due) => !isPast(due) && !isToday(due),
};

/**
 * Whether an alert alone says that it is in a list of these filters; a department, a person or what was asked does not
 * stand in it.
 */
export const isKnownBy = (/** @type {Record<string, string | undefined>} */ filters) =>
  !filters.department && !filters.assignee && filters.task !== "unanswered";

/**
 * Whether an alert of the stream is in the list of these filters, as far as it says so.
 *
 * @param {City.Alert} alert
 * @param {Record<string, string>} filters
 * @param {string} scope
 */
export const fits = (alert, filters, scope) =>
  (STATES[filters.state ?? "open"] ?? (() => false))(alert) &&
  inRegion(alert, filters.grid ?? scope, scope) &&
  (!filters.rule || alert.rule === filters.rule) &&
  (!filters.severity || alert.severity === filters.severity) &&
  (!filters.due || DUE[filters.due](alert.due)) &&
  (!filters.task ||
    (Boolean(alert.task) && (TASKS[filters.task] ?? ((task) => task.state === filters.task))(alert.task, scope)));

/**
 * Whether an alert lies in a region (a prefix of the grid code); one without a place belongs to the scope itself only.
 *
 * @param {Pick<City.Alert, "place">} alert
 * @param {string} region
 * @param {string} scope
 */
export const inRegion = (alert, region, scope) =>
  region === scope || (alert.place?.grid ?? alert.place?.district ?? "").startsWith(region);
