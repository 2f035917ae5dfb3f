// The worker's day: tasks and cases as last read, kept on the tablet so that the route is there without a network.

import { computed, reactive, ref } from "/lib/vue.js";
import { alertCase, grids, tasks } from "./api.js";
import { closeDrafts, draftsOf, forgetDraft } from "./drafts.js";
import { drain, online, openOutbox, waiting } from "./outbox.js";
import { learn } from "./regions.js";
import { foreseen, inOrder, isDone, isOpen, metres } from "./route.js";
import { toSignIn } from "./session.js";
import { kept } from "./store.js";
import { now } from "./time.js";

const COMMUNITY_DIGITS = 12;
const STREET_DIGITS = 9;

export function day() {
  const state = reactive({ tasks: [], readAt: null, areas: [], seen: {} }); // seen: finding → {dwelling, instruction}
  let received = 0; // tasks received of by the stream or as the answer to a move
  let scope = ""; // of the account: its queues begin with it
  const error = ref(null);
  const loading = ref(true);

  const all = computed(() => foreseen(state.tasks, waiting.value));
  const order = ref([]); // ids; recomputed when the set of stops changes, so that a tap never makes the list jump
  const stops = computed(() => {
    const open = all.value.filter(isOpen);
    const known = new Map(open.map((task) => [task.id, task]));
    const placed = order.value.filter((id) => known.has(id)).map((id) => known.get(id));
    const route = [...placed, ...open.filter((task) => !order.value.includes(task.id))];
    return route.map((task, i) => ({ task, distance: i ? metres(route[i - 1].place, task.place) : null }));
  });
  const finished = computed(() => all.value.filter(isDone));

  const reorder = () =>
    (order.value = inOrder(
      all.value.filter((task) => isOpen(task) && task.state !== "suspended"),
      now.value,
    ).map((task) => task.id));

  const glance = (one) => ({
    dwelling: one.dwelling,
    instruction: one.timeline?.filter((moment) => moment.kind.startsWith("instruct")).at(-1) ?? null,
  });

  /** Cases are read ahead one by one, so that a stop opens without a network; names in them are masked. */
  async function readAhead() {
    for (const { task } of stops.value) {
      if (!online.value) return; // what is left is read once a stop is opened
      const one = await alertCase(task.finding_id).catch(() => null);
      if (!one) continue;
      state.seen[task.finding_id] = glance(one);
      await kept.put(`case:${task.finding_id}`, one);
    }
  }

  async function read() {
    const before = received;
    try {
      const [open, completed] = await Promise.all([
        tasks({ state: "open" }),
        tasks({ state: "completed", mine: true, finished_today: true }),
      ]);
      if (received !== before) return await read(); // what was received meanwhile may be newer than this answer
      state.tasks = [...open, ...completed];
      state.readAt = new Date().toISOString();
      online.value = true;
      error.value = null;
      await kept.put("day", { tasks: state.tasks, readAt: state.readAt });
    } catch (away) {
      if (away.status === 401)
        toSignIn(); // all that was typed is on disk and is sent after signing in
      else if (away.status) error.value = away;
      else online.value = false;
    }
    loading.value = false;
    reorder();
  }

  async function readMap(scope) {
    const parent = scope.length > COMMUNITY_DIGITS ? scope.slice(0, COMMUNITY_DIGITS) : scope;
    const none = { features: [] }; // without areas the map still has the stops
    const [answer, around] = await Promise.all(
      [parent, parent.slice(0, STREET_DIGITS)].map((code) => grids(code).catch(() => none)),
    );
    for (const feature of [...around.features, ...answer.features]) learn(feature.id, feature.properties);
    if (answer === none) return;
    state.areas = answer.features.filter((one) => one.id.startsWith(scope) || scope.startsWith(one.id));
    await kept.put("areas", state.areas);
  }

  /** Shows what is kept, then what the server has; sends what waits. */
  async function begin(account) {
    scope = account.scope;
    draftsOf(account.id);
    const before = await kept.get("account");
    if (before && before !== account.id) await Promise.all([kept.clear(), closeDrafts()]);
    await kept.put("account", account.id);
    const last = await kept.get("day");
    await openOutbox(account.id, takeTask); // before any stop shows: one that was done here must not look undone
    if (last) {
      Object.assign(state, last);
      state.areas = (await kept.get("areas")) ?? [];
      loading.value = false;
      reorder();
      for (const task of state.tasks) {
        const one = await kept.get(`case:${task.finding_id}`);
        if (one) state.seen[task.finding_id] = glance(one);
      }
    }
    await drain(); // before reading: the answer must hold what was done here
    await read();
    await Promise.all([readAhead(), readMap(account.scope)]);
  }

  /** A task as the server has it, as the answer to a move. */
  const takeTask = (task) => takeTasks([task]);

  /** Tasks as the server has them, from the stream: the newest of each is taken, and all are kept at once. */
  async function takeTasks(tasks) {
    received += tasks.length;
    const newest = [...new Map(tasks.map((task) => [task.id, task])).values()];
    const isNew = newest.map(place);
    for (const task of newest) if (task.state === "completed" || task.visit) await forgetDraft(task.id);
    if (isNew.some(Boolean)) reorder();
    await kept.put("day", { tasks: state.tasks, readAt: state.readAt });
    for (const task of newest) {
      if (hasLeft(task) || !isOpen(task)) continue;
      const one = await alertCase(task.finding_id).catch(() => null); // read again with the next visit
      if (one) state.seen[task.finding_id] = glance(one);
    }
  }

  // Handed to another queue: the answer to the move may come after the stream has said that the task is gone.
  const hasLeft = (task) => task.gone || !(task.mine || task.queue.startsWith(scope));

  /** Puts a task where it belongs; whether it is a stop that was not there. */
  function place(task) {
    const index = state.tasks.findIndex((one) => one.id === task.id);
    if (hasLeft(task)) {
      if (index >= 0) state.tasks.splice(index, 1);
      return false;
    }
    if (index >= 0) state.tasks[index] = task;
    else if (isOpen(task)) state.tasks.push(task);
    return index < 0;
  }

  return { state, stops, finished, error, loading, begin, read, takeTasks };
}
