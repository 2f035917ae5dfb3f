// Moves of tasks, sent in order as soon as the network allows. A move leaves this list only when the server has taken
// it, or when the person has read the server's refusal and put it away. Its key makes a second sending harmless.

import { computed, reactive, ref } from "/lib/vue.js";
import { moveTask, Unreachable } from "./api.js";
import { moves } from "./store.js";

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;
const LATER = new Set([408, 425, 429, 500, 502, 503, 504]); // the server may take it yet

/** In order: `{number, account, task, move, body, key, at, refused?}`. */
export const outbox = reactive(/** @type {City.Move[]} */ ([]));
export const waiting = computed(() => outbox.filter((one) => !one.refused));
export const refused = computed(() => outbox.filter((one) => one.refused));
/** How many notes the server kept with an identity number taken out, since the person last read so. */
export const notesMasked = ref(0);
/** Whether the server answered last time. */
export const online = ref(navigator.onLine);

let account = null;
/** @type {(task: City.Task, move: City.Move) => void} */
let taken = () => {};
let wait = FIRST_WAIT_MS;
let timer;

/**
 * Reads what an account has not sent yet; `drain` sends it. `onTaken(task)` hears the task as the server has it after
 * a move.
 */
export async function openOutbox(who, onTaken) {
  account = who;
  taken = onTaken;
  outbox.splice(0, outbox.length, ...(await moves.all()).filter((one) => one.account === who));
  addEventListener("online", () => drain());
  addEventListener("offline", () => (online.value = false));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && drain());
}

/** Keeps a move; once this resolves it is on disk. Sending begins by itself. */
export async function post(task, move, body = {}) {
  /** @type {City.Move} */
  const one = { account, task, move, body, key: crypto.randomUUID(), at: new Date().toISOString() };
  one.number = await moves.add(one);
  outbox.push(one);
  drain();
}

/** Puts a refused move away, after the person has read why. */
export async function dismiss(number) {
  await moves.remove(number);
  const index = outbox.findIndex((one) => one.number === number);
  if (index >= 0) outbox.splice(index, 1);
}

/** Sends what waits, in order, one tab at a time; comes back later by itself if the server is away. */
export function drain() {
  clearTimeout(timer);
  return navigator.locks.request("citygrid.outbox", sendAll);
}

async function sendAll() {
  for (;;) {
    const one = waiting.value[0];
    if (!one) return;
    try {
      const task = await moveTask(one.task, one.move, one.body, one.key);
      online.value = true;
      wait = FIRST_WAIT_MS;
      await dismiss(one.number);
      if (task.note_masked) notesMasked.value += 1;
      taken(task, one);
    } catch (error) {
      if (error instanceof Unreachable || LATER.has(error.status) || error.status === 401) {
        online.value = !(error instanceof Unreachable);
        timer = setTimeout(drain, wait);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
        return;
      }
      one.refused = { status: error.status, why: error.message };
      await moves.put(one);
    }
  }
}
