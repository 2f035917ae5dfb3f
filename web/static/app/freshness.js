// How fresh each department's data is, shared by all that show a department's name.

import { computed, reactive } from "/lib/vue.js";
import { freshness } from "./api.js";

/**
 * Department → its stalest topic: `{topic, kinds, last_event_at, delay_seconds, limit_seconds, stale}`; each topic by
 * its contract's own limit.
 */
export const departments = reactive(new Map());

/** Topic → the same. */
export const topics = reactive(new Map());

const byKind = reactive(new Map());

/** `good`: all departments speak · `late`: one is stale · `off`: nothing is known. */
export const overall = computed(() => {
  if (departments.size === 0) return "off";
  return [...departments.values()].some((one) => one.stale) ? "late" : "good";
});

/**
 * The quiet topic on which a department states `kind`, or without one its quietest topic; undefined while it speaks.
 */
export function quietTopic(department, kind) {
  const topic = (kind && byKind.get(`${department} ${kind}`)) ?? departments.get(department);
  return topic?.stale ? topic : undefined;
}

/** What the server says of topics, taken over: `{topic, department, kinds, …}` each. */
function take(answer) {
  const latest = new Map();
  for (const topic of answer) {
    topics.set(topic.topic, topic);
    for (const kind of topic.kinds ?? []) byKind.set(`${topic.department} ${kind}`, topic);
    const known = latest.get(topic.department);
    if (
      !known ||
      (topic.stale && !known.stale) ||
      (topic.stale === known.stale && (topic.delay_seconds ?? Infinity) > (known.delay_seconds ?? Infinity))
    ) {
      latest.set(topic.department, topic);
    }
  }
  departments.clear();
  for (const [department, topic] of latest) departments.set(department, topic);
}

export async function refreshFreshness() {
  take(await freshness());
}
