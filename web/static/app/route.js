// Today's route: in which order, how far, and what each stop looks like once the moves that still wait are counted in.

import { rank, severityOf } from "./severity.js";

const EARTH_M = 6_371_008; // mean radius, IUGG
const DETOUR = 1.3; // ways through streets against the straight line, as the server plans: planning/stops.py
const ENDED = new Set(["completed", "verified", "closed"]);
/** @type {Record<string, string>} */
const AFTER = { acknowledge: "acknowledged", complete: "completed", "hand-over": "handed_over" };
/** @type {Record<string, City.Task["asked"]>} */
const ASKS = { "ask-suspension": "suspension", "ask-extension": "extension" };
/** @type {Record<string, City.Task["moves"]>} */
const NEXT_MOVES = {
  dispatched: ["acknowledge", "hand-over", "ask-suspension", "ask-extension"],
  acknowledged: ["complete", "hand-over", "ask-suspension", "ask-extension"],
};

/**
 * Metres between two places in degrees WGS 84 (haversine); null where one of them has no coordinates.
 *
 * @param {Pick<City.Place, "lon" | "lat"> | null | undefined} a
 * @param {Pick<City.Place, "lon" | "lat"> | null | undefined} b
 */
export function metres(a, b) {
  if (a?.lon == null || b?.lon == null) return null;
  const radians = (/** @type {number} */ degrees) => (degrees * Math.PI) / 180;
  const across = radians(b.lat - a.lat);
  const along = radians(b.lon - a.lon);
  const half =
    Math.sin(across / 2) ** 2 + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * Math.sin(along / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(half));
}

/**
 * Metres on foot, as far as one can say without streets; null where one of them has no coordinates.
 *
 * @param {Parameters<typeof metres>[0]} a
 * @param {Parameters<typeof metres>[0]} b
 */
export function onFoot(a, b) {
  const straight = metres(a, b);
  return straight === null ? null : straight * DETOUR;
}

/** What a stop is called: its door, or the task itself where there is none. The server's plan calls it the same. */
export const keyOf = (/** @type {Pick<City.Task, "id" | "dwelling">} */ task) => task.dwelling ?? task.id;

const WORKED = new Set(["completed", "verified"]);

/**
 * Warnings over an area, each with its doors and which of them are done; one that concerns one door is none.
 *
 * @param {City.Foreseen[]} tasks
 * @returns {{line: string, tasks: City.Foreseen[], done: Set<string>}[]}
 */
export function linesOf(tasks) {
  /** @type {Map<string, City.Foreseen[]>} */
  const lines = new Map();
  for (const task of tasks) {
    if (task.line && task.state !== "closed") lines.set(task.line, [...(lines.get(task.line) ?? []), task]);
  }
  return [...lines]
    .filter(([, doors]) => doors.length > 1)
    .map(([line, doors]) => ({
      line,
      tasks: doors,
      done: new Set(doors.filter((task) => WORKED.has(task.state)).map((task) => task.id)),
    }));
}

/** The moves of a recurring visit are sent under its own number. */
const visited = (/** @type {{id: string}} */ patrol, /** @type {City.Move[]} */ waiting) =>
  waiting.some((one) => one.move === "patrol" && one.task === patrol.id);

/**
 * The stops in the order of the plan, each a door with all that is to be done there. What came in since the plan was
 * made stands before it if it is urgent, else behind; what does not fit into the shift comes with its reason in `left`.
 *
 * @param {City.Foreseen[]} tasks open ones
 * @param {City.RoutePlan | null} plan
 * @param {City.Move[]} waiting
 * @returns {City.Stop[]}
 */
export function stopsOf(tasks, plan, waiting = []) {
  /** @type {Map<string, City.Foreseen[]>} */
  const at = new Map();
  for (const task of tasks) at.set(keyOf(task), [...(at.get(keyOf(task)) ?? []), task]);
  const moved = new Map((plan?.moved ?? []).map((one) => [one.key, one.reason]));
  /** @typedef {Partial<City.RoutePlan["stops"][0]> & {key: string}} Part */
  /** @type {(part: Part, more: Pick<City.Stop, "plan" | "left">) => City.Stop} */
  const stop = (part, more) => {
    const here = [...(at.get(part.key) ?? [])].sort((a, b) => rank(a) - rank(b));
    at.delete(part.key);
    const patrols = (part.patrols ?? []).filter((one) => !visited(one, waiting));
    const place = here[0]?.place ?? { address: patrols[0]?.address ?? null, lon: part.lon, lat: part.lat };
    return { key: part.key, tasks: here, patrols, place, moved: moved.get(part.key) ?? null, ...more };
  };
  const planned = (plan?.stops ?? []).map((one) => stop(one, { plan: one, left: null }));
  const left = (plan?.left ?? []).map((one) => stop(one, { plan: null, left: one.reason }));
  const since = [...at.keys()].map((key) => stop({ key }, { plan: null, left: null }));
  const presses = (/** @type {City.Stop} */ one) => rank(one.tasks[0]) === 0;
  return [...since.filter(presses), ...planned, ...since.filter((one) => !presses(one)), ...left].filter(
    (one) => one.tasks.length || one.patrols.length,
  );
}

/** The severest of all that is to be done there. */
export const levelOf = (/** @type {City.Stop} */ stop) =>
  stop.tasks[0] && rank(stop.tasks[0]) <= 1
    ? severityOf(stop.tasks[0])
    : stop.patrols.some((one) => one.severity === "today")
      ? "today"
      : stop.tasks[0]
        ? severityOf(stop.tasks[0])
        : "planned";

/** Until when the first of it is due; undefined where nothing of it has a time. */
export const dueOf = (/** @type {City.Stop} */ stop) =>
  stop.tasks.length
    ? stop.tasks.map((task) => task.respond_by).reduce((a, b) => (a && (!b || a < b) ? a : b))
    : undefined;

/**
 * The tasks as they will stand once `waiting` is sent.
 *
 * @param {City.Task[]} tasks
 * @param {City.Move[]} waiting
 * @returns {City.Foreseen[]}
 */
export function foreseen(tasks, waiting) {
  return tasks.map((task) => {
    const mine = waiting.filter((one) => one.task === task.id);
    const state = mine.reduce((was, one) => AFTER[one.move] ?? was, task.state);
    const asked = mine.reduce((was, one) => ASKS[one.move] ?? was, task.asked);
    return mine.length ? { ...task, state, asked, mine: true, unsent: true, moves: NEXT_MOVES[state] ?? [] } : task;
  });
}

/** @param {Pick<City.Task, "state">} task */
export const isOpen = (task) => !ENDED.has(task.state) && task.state !== "handed_over";
/** @param {Pick<City.Task, "state">} task */
export const isClosed = (task) => task.state === "closed";
/** @param {Pick<City.Task, "state">} task */
export const isDone = (task) => ENDED.has(task.state);
