// Moves of tasks, sent in order as soon as the network allows. A move leaves this list only when the server has taken
// it, or when the person has read the server's refusal and put it away. Its key makes a second sending harmless. What
// it says is on the disk sealed only; a page that was loaded since lets the server open it.

import { computed, reactive, ref } from "/lib/vue.js";
import { moveTask, Unreachable } from "./api.js";
import { hasKey, learnKey, seal, unseal } from "./seal.js";
import { moves } from "./store.js";

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;
const ASIDE = new Set(["photo", "read-instruction", "answer-instruction"]); // nothing of the task changes by them
const LATER = new Set([408, 425, 429, 500, 502, 503, 504]); // the server may take it yet

/** In order: `{number, account, task, move, body?, sealed?, key, at, refused?}`. */
export const outbox = reactive(/** @type {City.Move[]} */ ([]));
export const waiting = computed(() => outbox.filter((one) => !one.refused));
export const refused = computed(() => outbox.filter((one) => one.refused));
/** How many notes the server kept with an identity number taken out, since the person last read so. */
export const notesMasked = ref(0);
/** Visits that did not complete their task, or whose time was moved, until the person has read so. */
export const visitsKept = reactive(/** @type {City.Visit[]} */ ([]));
/** Whether the server answered last time. */
export const online = ref(navigator.onLine);

/** @type {string | null} */
let account = null;
/** @type {(task: City.Moved, move: City.Move) => void} */
let taken = () => {};
let wait = FIRST_WAIT_MS;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Reads what an account has not sent yet; `drain` sends it. `onTaken(task)` hears the task as the server has it after
 * a move.
 *
 * @param {string} who the account's id
 * @param {(task: City.Moved, move: City.Move) => void} onTaken
 */
export async function openOutbox(who, onTaken) {
  account = who;
  taken = onTaken;
  const learning = learnKey().catch(() => {});
  if (!hasKey()) await learning;
  const mine = (await moves.all()).filter((/** @type {City.Move} */ one) => one.account === who);
  for (const one of mine) await keepSealed(one); // written before this tablet knew a key
  outbox.splice(0, outbox.length, ...mine);
  addEventListener("online", () => drain());
  addEventListener("offline", () => (online.value = false));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && drain());
}

/** Puts the move on the disk, sealed if a key is known; its words stay in this page's memory. */
async function keepSealed(/** @type {City.Move} */ one) {
  if (one.body) one.sealed = (await seal(one.account, one.body)) ?? undefined;
  const { body, ...rest } = one;
  const row = one.sealed ? rest : one;
  if (one.number === undefined) one.number = await moves.add(row);
  else await moves.put(row);
}

/** Keeps a move; once this resolves it is on disk. Sending begins by itself. A visit says when it happened. */
export async function post(/** @type {string} */ task, /** @type {string} */ move, body = {}) {
  const at = new Date().toISOString();
  /** @type {Record<string, object>} */
  const times = {
    complete: { seen_at: at },
    patrol: { seen_at: at },
    photo: { taken_at: at },
    "read-instruction": { at },
    "answer-instruction": { at },
  };
  const whole = { ...body, ...times[move] };
  /** @type {City.Move} */
  const one = { account, task, move, body: whole, key: crypto.randomUUID(), at };
  await keepSealed(one);
  outbox.push(one);
  drain();
}

/** Puts a refused move away, after the person has read why. @param {number} number */
export async function dismiss(number) {
  await moves.remove(number);
  const index = outbox.findIndex((one) => one.number === number);
  if (index >= 0) outbox.splice(index, 1);
}

/** Sends a refused move once more, with what was typed and under its key: what stood against it may be gone. */
export async function sendAgain(/** @type {number} */ number) {
  const one = outbox.find((move) => move.number === number);
  if (!one) return;
  delete one.refused;
  await keepSealed(one);
  drain();
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
      one.body ??= await unseal(one.sealed);
      const task = await moveTask(one.task, one.move, one.body, one.key);
      online.value = true;
      wait = FIRST_WAIT_MS;
      await dismiss(one.number);
      if (task.note_masked) notesMasked.value += 1;
      if (ASIDE.has(one.move)) continue;
      if (task.visit?.kept_as === "observation" || task.visit?.bound) visitsKept.push(task.visit);
      taken(task, one);
    } catch (error) {
      if (error instanceof Unreachable || LATER.has(error.status) || error.status === 401) {
        online.value = !(error instanceof Unreachable);
        timer = setTimeout(drain, wait);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
        return;
      }
      one.refused = { status: error.status, why: error.message };
      await keepSealed(one);
    }
  }
}
