// The list as the server sorts it: calls for help first, then what is due first; what is over, newest first. What
// arrives is placed where it belongs; what belongs behind the last page that was read is counted only. A line (one
// warning over an area) is one row, its first alert's; how many doors it has the server says.

import { computed, reactive, shallowRef } from "/lib/vue.js";

const NEVER = Infinity; // what has no deadline comes last
const time = (instant) => (instant ? Date.parse(instant) : NEVER);
const order = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

/** The order of what is open: as `city.list_alerts` has it. */
export const byDue = (a, b) =>
  order(!a.call, !b.call) || order(time(a.due), time(b.due)) || order(a.finding_id, b.finding_id);
/** The order of whatever ever opened. */
export const byOpening = (a, b) => order(time(b.opened_at), time(a.opened_at)) || order(b.finding_id, a.finding_id);
/** The order of what is over. */
export const byChange = (a, b) => order(time(b.changed_at), time(a.changed_at)) || order(b.finding_id, a.finding_id);

export function liveList() {
  const items = shallowRef([]);
  const state = reactive({ arrived: new Set(), next: null, count: null, lines: 0, more: false });
  let byId = new Map();
  let compare = byDue;
  let belongs = (_) => true;
  /** Whether the stream has told of something that only the server can place. */
  let stale = false;
  /** Whether a line has changed: the server says what it stands for now. */
  let lineStale = false;

  const shown = () => (items.value = [...byId.values()].sort(compare));
  const remove = (finding) => {
    byId.delete(finding);
    state.arrived.delete(finding);
  };

  return {
    items: computed(() => items.value),
    /** Ids that came by the stream and have not been looked at from the top of the list. */
    arrived: state.arrived,
    next: computed(() => state.next),
    /** `{count, lines, more}` of the server; null: not read yet. */
    counted: computed(() =>
      state.count === null ? null : { count: state.count, lines: state.lines, more: state.more },
    ),
    count({ count, lines, more }) {
      Object.assign(state, { count, lines, more });
    },
    isStale: () => stale,
    isLineStale: () => lineStale,
    /**
     * Replaces the list by a page from the API. `fitting` says whether an alert is in this list, `sorting` its order.
     */
    load({ items, next }, fitting = (_) => true, sorting = byDue) {
      byId = new Map(items.map((alert) => [alert.finding_id, alert]));
      [belongs, compare, stale, lineStale] = [fitting, sorting, false, false];
      state.next = next;
      state.arrived.clear();
      shown();
    },
    append({ items, next }) {
      for (const alert of items) byId.set(alert.finding_id, alert);
      state.next = next;
      shown();
    },
    /** What the stream has brought since the last frame: `[kind, message]` each, the oldest first. */
    take(messages) {
      const last = items.value.at(-1);
      for (const [kind, message] of messages) {
        if (kind === "alert") put(message, last);
        else if (message.finding_id) taskMoved(message);
      }
      shown();
    },
    seen: () => state.arrived.clear(),
  };

  function put(alert, last) {
    const known = byId.has(alert.finding_id);
    const row = lineOf(alert);
    lineStale ||= Boolean(alert.line);
    if (row && row.finding_id !== alert.finding_id) return; // it is under its line
    if (!belongs(alert)) return remove(alert.finding_id);
    if (!known && state.next && last && compare(alert, last) > 0) return; // on a page that was not read yet
    // the stream says nothing of what a row stands for
    byId.set(alert.finding_id, { ...byId.get(alert.finding_id), ...alert, gathered: row?.gathered ?? null });
    if (!known) state.arrived.add(alert.finding_id);
  }

  /** The row of the line to which an alert belongs; a row that goes leaves its place to the next door. */
  function lineOf(alert) {
    return alert.line ? [...byId.values()].find((one) => one.gathered && one.line === alert.line) : undefined;
  }

  function taskMoved(task) {
    const alert = byId.get(task.finding_id);
    if (alert?.gathered || lineOf(task)) lineStale = true;
    if (!alert) {
      stale = true; // it may be in the list only now
      return;
    }
    // ids are in the order of making: the one before says nothing any more
    if (alert.task?.id > task.id) return;
    const { id, state: standing, queue, outcome, claimed_by, asked, escalated_to, respond_by, dispatched_at } = task;
    const mark = { id, state: standing, queue, outcome, claimed_by, asked, escalated_to, respond_by, dispatched_at };
    const moved = { ...alert, due: respond_by, task: mark };
    if (belongs(moved)) byId.set(task.finding_id, moved);
    else remove(task.finding_id);
  }
}
