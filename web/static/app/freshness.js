// How fresh each department's data is, shared by all that show a department's name.

import { computed, reactive } from "/lib/vue.js";
import { freshness } from "./api.js";

/** Department → its stalest topic: `{topic, last_event_at, delay_seconds, limit_seconds, stale}`. */
export const departments = reactive(new Map());

/** `good`: all departments speak · `late`: one is stale · `off`: nothing is known. */
export const overall = computed(() => {
  if (departments.size === 0) return "off";
  return [...departments.values()].some((one) => one.stale) ? "late" : "good";
});

export const isStale = (department) => Boolean(departments.get(department)?.stale);

export async function refreshFreshness() {
  const latest = new Map();
  for (const topic of await freshness()) {
    const known = latest.get(topic.department);
    if (!known || (topic.stale && !known.stale) || (topic.stale === known.stale && (topic.delay_seconds ?? Infinity) > (known.delay_seconds ?? Infinity))) {
      latest.set(topic.department, topic);
    }
  }
  departments.clear();
  for (const [department, topic] of latest) departments.set(department, topic);
}
