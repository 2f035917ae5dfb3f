// What each head number counts, as a filter of the list: the part that the API does, and the part that is seen from
// the alert.

import { isPast, now, sameDay } from "./time.js";

const isToday = (instant) => Boolean(instant) && sameDay(instant, now.value);
const OPEN = new Set(["opened", "changed"]);
const RUNNING = new Set(["dispatched", "acknowledged"]); // a suspended task has no clock
const unfinished = (alert) => RUNNING.has(alert.task?.state);

export const FILTERS = {
  open: { query: { state: "open" }, fits: (alert) => OPEN.has(alert.state) },
  due: {
    query: { state: "open" },
    fits: (alert) => unfinished(alert) && isToday(alert.task.respond_by) && !isPast(alert.task.respond_by),
    all: true,
  },
  overdue: { query: { state: "open" }, fits: (alert) => unfinished(alert) && isPast(alert.task.respond_by), all: true },
  waiting: {
    query: { state: "open" },
    fits: (alert) => alert.task?.state === "dispatched" && alert.task.queue.length < 15,
    all: true,
  },
  claimed: { query: { state: "open" }, fits: (alert) => alert.task?.state === "acknowledged", all: true },
  unknown: { query: { state: "unknown" }, fits: (alert) => alert.unknown && alert.state !== "resolved" },
  resolved: { query: { state: "resolved" }, fits: (alert) => alert.state === "resolved" },
};

/**
 * Whether an alert lies in a region (a prefix of the grid code); one without a place belongs to the scope itself only.
 */
export const inRegion = (alert, region, scope) =>
  region === scope || (alert.place?.grid ?? alert.place?.district ?? "").startsWith(region);
