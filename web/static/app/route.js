// Today's route: in which order, how far, and what each stop looks like once the moves that still wait are counted in.

import { rank } from "./severity.js";

const EARTH_M = 6_371_008; // mean radius, IUGG
const ENDED = new Set(["completed", "closed"]);
/** @type {Record<string, string>} */
const AFTER = { acknowledge: "acknowledged", complete: "completed", suspend: "suspended", "hand-over": "handed_over" };
/** @type {Record<string, City.Task["moves"]>} */
const NEXT_MOVES = { acknowledged: ["complete", "hand-over", "suspend"] };

/**
 * Metres between two places in degrees WGS 84 (haversine); null where one of them has no coordinates.
 *
 * @param {Pick<City.Place, "lon" | "lat"> | null | undefined} a
 * @param {Pick<City.Place, "lon" | "lat"> | null | undefined} b
 */
export function metres(a, b) {
  if (a?.lon == null || b?.lon == null) return null;
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const across = radians(b.lat - a.lat);
  const along = radians(b.lon - a.lon);
  const half =
    Math.sin(across / 2) ** 2 + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * Math.sin(along / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(half));
}

/**
 * Severest first; within a severity the nearest to where the stop before leaves one, those overdue ahead of the rest.
 *
 * @param {City.Foreseen[]} tasks
 * @param {number} now in milliseconds
 */
export function inOrder(tasks, now) {
  const left = [...tasks];
  const route = [];
  while (left.length) {
    const here = route.at(-1)?.place;
    const level = Math.min(...left.map(rank));
    const weight = (task) => {
      if (rank(task) !== level) return Infinity;
      const late = task.respond_by && Date.parse(task.respond_by) < now ? 0 : 1e7;
      return (
        late + (here ? (metres(here, task.place) ?? 1e6) : Date.parse(task.respond_by ?? task.dispatched_at) / 1e8)
      );
    };
    const next = left.reduce((best, task) => (weight(task) < weight(best) ? task : best));
    left.splice(left.indexOf(next), 1);
    route.push(next);
  }
  return route;
}

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
    return mine.length ? { ...task, state, mine: true, unsent: true, moves: NEXT_MOVES[state] ?? [] } : task;
  });
}

/** @param {Pick<City.Task, "state">} task */
export const isOpen = (task) => !ENDED.has(task.state) && task.state !== "handed_over";
/** @param {Pick<City.Task, "state">} task */
export const isDone = (task) => ENDED.has(task.state);
