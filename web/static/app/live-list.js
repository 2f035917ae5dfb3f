// The live list: newest urgent first; what arrives is placed where it belongs and never replaces what one reads.

import { computed, reactive } from "/lib/vue.js";
import { rank } from "./severity.js";

const time = (alert) => Date.parse(alert.opened_at) || 0;
export const byUrgencyThenNewest = (a, b) => rank(a) - rank(b) || time(b) - time(a);

export function liveList() {
  const state = reactive({ byId: new Map(), arrived: new Set(), next: null });

  return {
    items: computed(() => [...state.byId.values()].sort(byUrgencyThenNewest)),
    /** Ids that came by the stream and have not been looked at from the top of the list. */
    arrived: state.arrived,
    next: computed(() => state.next),
    /** Replaces the list by a page from the API. */
    load({ items, next }) {
      state.byId = new Map(items.map((alert) => [alert.finding_id, alert]));
      state.next = next;
      state.arrived.clear();
    },
    append({ items, next }) {
      for (const alert of items) state.byId.set(alert.finding_id, alert);
      state.next = next;
    },
    /** One alert from the stream; `belongs` says whether it is in the list's filter now. */
    put(alert, belongs) {
      const known = state.byId.has(alert.finding_id);
      if (!belongs) {
        state.byId.delete(alert.finding_id);
        state.arrived.delete(alert.finding_id);
        return;
      }
      state.byId.set(alert.finding_id, { ...state.byId.get(alert.finding_id), ...alert });
      if (!known) state.arrived.add(alert.finding_id);
    },
    /** What the stream says about an alert's task. */
    taskMoved(task) {
      const alert = state.byId.get(task.finding_id);
      // ids are in the order of making: the one before says nothing any more
      if (!alert || alert.task?.id > task.id) return;
      const { id, state: standing, queue, outcome, respond_by, dispatched_at } = task;
      state.byId.set(task.finding_id, {
        ...alert,
        task: { id, state: standing, queue, outcome, respond_by, dispatched_at },
      });
    },
    seen: () => state.arrived.clear(),
  };
}
