// The worker's day: tasks and cases as last read, kept on the tablet so that the route is there without a network.

import { computed, reactive, ref, watch } from "/lib/vue.js";
import { alertCase, grids, planRoute, tasks } from "./api.js";
import { keepAround } from "./base-map.js";
import { closeDrafts, draftsOf, forgetDraft } from "./drafts.js";
import { drain, online, openOutbox, waiting } from "./outbox.js";
import { learnPlates } from "./plates.js";
import { here } from "./position.js";
import { learn } from "./regions.js";
import { foreseen, isClosed, isDone, isOpen, keyOf, stopsOf } from "./route.js";
import { toSignIn } from "./session.js";
import { kept } from "./store.js";

const COMMUNITY_DIGITS = 12;
const STREET_DIGITS = 9;
const MOST_STOPS = 200; // as the server takes them
const SETTLE_MS = 300; // what comes in together is one plan
const BUSY_MS = 5_000;

/**
 * What a stop needs of a case.
 *
 * @typedef {{dwelling: string | null, instructions: (City.Instruction | City.Case["timeline"][0])[]}} Glance
 */
/** A case as it is kept, perhaps since before instructions were marked. @typedef {Partial<City.Case>} Kept */

export function day() {
  const state = reactive({
    tasks: /** @type {City.Task[]} */ ([]),
    readAt: /** @type {string | null} */ (null),
    plan: /** @type {City.RoutePlan | null} */ (null),
    areas: /** @type {City.Feature[]} */ ([]),
    seen: /** @type {Record<string, Glance>} */ ({}), // by finding
  });
  let received = 0; // tasks received of by the stream or as the answer to a move
  let scope = ""; // of the account: its queues begin with it
  const error = ref(/** @type {Error | null} */ (null));
  const loading = ref(true);

  const all = computed(() => foreseen(state.tasks, waiting.value));
  const stops = computed(() => {
    const open = all.value.filter(isOpen);
    // its clock stands still: nobody goes there
    const waits = (/** @type {City.Task} */ task) => task.state === "suspended";
    const suspended = stopsOf(open.filter(waits), null).map((stop) => ({ ...stop, key: `${stop.key} suspended` }));
    return [
      ...stopsOf(
        open.filter((task) => !waits(task)),
        state.plan,
        waiting.value,
      ),
      ...suspended,
    ];
  });
  const known = new Map(); // task → as it was last seen, also once it has left
  watch(
    () => state.tasks.slice(),
    (tasks) => {
      for (const task of tasks) known.set(task.id, task);
    },
    { immediate: true },
  );

  const finished = computed(() => all.value.filter((task) => isDone(task) && !isClosed(task) && task.mine));
  const closed = computed(() => all.value.filter(isClosed)); // by themselves: nobody need go
  const planning = ref(false);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let settling;
  let ahead = 0; // the reading of cases that goes on

  const keep = () => kept.put("day", { tasks: state.tasks, readAt: state.readAt, plan: state.plan });

  /** Asks for a plan; without one the last stays. `anew`: whatever the order in hand is. */
  async function replan(anew = false) {
    clearTimeout(settling);
    planning.value = true;
    const position = here.value ? { position: { lon: here.value.lon, lat: here.value.lat } } : {};
    const before = (state.plan?.stops ?? []).map((stop) => stop.key).slice(0, MOST_STOPS);
    try {
      const sameShift = state.plan && Date.parse(state.plan.shift_ends_at) > Date.now();
      state.plan = await planRoute({ ...position, before: sameShift ? before : [], anew });
      await keep();
    } catch (away) {
      if (away.status === 401) toSignIn();
      // what is in hand is still the route; at the beginning of a shift everybody asks at once
      if (away.status === 503) settling = setTimeout(() => replan(anew), BUSY_MS * (1 + Math.random()));
    }
    planning.value = false;
  }

  const planSoon = () => {
    clearTimeout(settling);
    settling = setTimeout(() => replan(), SETTLE_MS);
  };

  /** @type {(one: Kept) => Glance} */
  const glance = (one) => ({
    dwelling: one.dwelling,
    // a case that was kept before instructions were marked has them in its history only
    instructions: one.instructions ?? one.timeline?.filter((moment) => moment.kind === "instruct").slice(-1) ?? [],
  });

  /** Cases are read ahead one by one, so that a stop opens without a network; names in them are masked. */
  async function readAhead() {
    ahead += 1;
    const mine = ahead;
    for (const task of stops.value.flatMap((stop) => stop.tasks)) {
      if (!online.value) return; // what is left is read once a stop is opened
      if (mine !== ahead) return; // all is being read again
      const one = await alertCase(task.finding_id).catch(() => /** @type {null} */ (null));
      if (!one) continue;
      state.seen[task.finding_id] = glance(one);
      await kept.put(`case:${task.finding_id}`, one);
    }
  }

  async function read() {
    const before = received;
    try {
      const [open, completed, closed] = await Promise.all([
        tasks({ state: "open" }),
        tasks({ state: "finished", mine: true, finished_today: true }),
        tasks({ state: "closed", finished_today: true }),
      ]);
      if (received !== before) return await read(); // what was received meanwhile may be newer than this answer
      state.tasks = [...open, ...completed, ...closed];
      state.readAt = new Date().toISOString();
      online.value = true;
      error.value = null;
      await keep();
    } catch (away) {
      if (away.status === 401)
        toSignIn(); // all that was typed is on disk and is sent after signing in
      else if (away.status) error.value = away;
      else online.value = false;
    }
    loading.value = false;
    if (!online.value) return;
    await replan();
    readAhead(); // an instruction may have come while the stream was away
  }

  async function readMap(/** @type {string} */ scope) {
    const parent = scope.length > COMMUNITY_DIGITS ? scope.slice(0, COMMUNITY_DIGITS) : scope;
    const none = { features: /** @type {City.Feature[]} */ ([]) }; // without areas the map still has the stops
    const [answer, around] = await Promise.all(
      [parent, parent.slice(0, STREET_DIGITS)].map((code) => grids(code).catch(() => none)),
    );
    for (const feature of [...around.features, ...answer.features]) learn(feature.id, feature.properties);
    if (answer === none) return;
    state.areas = answer.features.filter((one) => one.id.startsWith(scope) || scope.startsWith(one.id));
    await kept.put("areas", state.areas);
    keepAround(state.areas.filter((one) => one.id.startsWith(scope))); // the streets of one's own grid
  }

  /** Shows what is kept, then what the server has; sends what waits. */
  async function begin(/** @type {City.Account} */ account) {
    scope = account.scope;
    draftsOf(account.id);
    const before = await kept.get("account");
    if (before && before !== account.id) await Promise.all([kept.clear(), closeDrafts()]);
    await kept.put("account", account.id);
    const last = await kept.get("day");
    learnPlates();
    await openOutbox(account.id, takeTask); // before any stop shows: one that was done here must not look undone
    if (last) {
      Object.assign(state, last);
      state.areas = (await kept.get("areas")) ?? [];
      loading.value = false;
      for (const task of state.tasks) {
        const one = await kept.get(`case:${task.finding_id}`);
        if (one) state.seen[task.finding_id] = glance(one);
      }
    }
    await drain(); // before reading: the answer must hold what was done here
    await read();
    await readMap(account.scope);
  }

  /** The server has a recurring visit: it is done for today. */
  async function patrolled(/** @type {string} */ patrol) {
    for (const stop of [...(state.plan?.stops ?? []), ...(state.plan?.left ?? [])]) {
      if (!stop.patrols.some((one) => one.id === patrol)) continue;
      stop.patrols = stop.patrols.filter((one) => one.id !== patrol);
      await forgetDraft(stop.key);
    }
    await keep();
  }

  /** A task as the server has it, as the answer to a move. */
  const takeTask = (/** @type {City.Moved} */ task, /** @type {City.Move} */ move) =>
    move?.move === "patrol" ? patrolled(move.task) : takeTasks([task]);

  /** Tasks as the server has them, from the stream: the newest of each is taken, and all are kept at once. */
  async function takeTasks(/** @type {City.Moved[]} */ tasks) {
    received += tasks.length;
    const newest = [...new Map(tasks.map((task) => [task.id, task])).values()];
    const over = newest.filter((task) => isDone(task) || task.visit);
    const drafts = over.map((task) => keyOf(state.tasks.find((one) => one.id === task.id) ?? task));
    const isNew = newest.map(place);
    for (const stop of drafts) await forgetDraft(stop);
    if (isNew.some(Boolean)) planSoon();
    await keep();
    for (const task of newest) {
      if (hasLeft(task) || !isOpen(task)) continue;
      // what does not come now is read again with the next visit
      const one = await alertCase(task.finding_id).catch(() => /** @type {null} */ (null));
      if (!one) continue;
      state.seen[task.finding_id] = glance(one);
      await kept.put(`case:${task.finding_id}`, one); // an instruction is there without a network too
    }
  }

  // Handed to another queue: the answer to the move may come after the stream has said that the task is gone.
  const hasLeft = (/** @type {City.Moved} */ task) => task.gone || !(task.mine || task.queue.startsWith(scope));

  /** Puts a task where it belongs; whether it was not there, or is to be done again. */
  function place(/** @type {City.Moved} */ task) {
    const index = state.tasks.findIndex((one) => one.id === task.id);
    const again = index >= 0 && isDone(state.tasks[index]) && isOpen(task); // a centre sent it back
    if (hasLeft(task)) {
      if (index >= 0) state.tasks.splice(index, 1);
      return false;
    }
    if (index >= 0) state.tasks[index] = task;
    else if (isOpen(task)) state.tasks.push(task);
    return index < 0 || again;
  }

  /** What a centre or department asked for, by finding. */
  const instructions = computed(() =>
    Object.fromEntries(
      Object.entries(state.seen)
        .filter(([, seen]) => seen.instructions?.length)
        .map(([finding, seen]) => [finding, seen.instructions]),
    ),
  );

  /** What stands above the route. */
  const head = computed(() => ({ tasks: all.value, plan: state.plan, planning: planning.value }));

  return {
    state,
    head,
    stops,
    finished,
    closed,
    known,
    instructions,
    error,
    loading,
    planning,
    begin,
    read,
    replan,
    takeTask,
    takeTasks,
  };
}
