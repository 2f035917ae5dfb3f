// What is being typed at a door, kept with each keystroke: as it is while its account is signed in, and sealed, so that
// it is there again for that account after every wipe. As it is it is kept at once: a page that is closed within the
// same breath has it. Sealing takes a moment, so only the newest is sealed; until then the one sealed before stands.

import { seal, unseal } from "./seal.js";
import { drafts } from "./store.js";

let account = "";
let last = Promise.resolve();
const newest = new Map(); // key → what was kept last
const sealedLast = new Map(); // key → what was sealed last

/** Whose drafts these are. A colleague's stay sealed. */
export function draftsOf(/** @type {string} */ who) {
  account = who;
}

/** The key of a stop's photo: a draft of its own, so that no letter that is typed writes it anew. */
export const photoOf = (/** @type {string} */ task) => `${task} photo`;

const keyOf = (task) => `${account}/${task}`;

/** The draft of a visit, undefined if there is none or the server that could open it is away. */
export async function readDraft(task) {
  const key = keyOf(task);
  const one = await drafts.get(key);
  if (one?.sealed) sealedLast.set(key, one.sealed);
  return one?.open ?? (one?.sealed ? await unseal(one.sealed).catch(() => undefined) : undefined);
}

/** Keeps the draft; resolves once the newest is sealed too. */
export function keepDraft(task, draft) {
  const key = keyOf(task);
  const who = account;
  const open = JSON.parse(JSON.stringify(draft));
  newest.set(key, open);
  const written = drafts.put(key, { open, sealed: sealedLast.get(key) });
  last = Promise.all([last, written]).then(() => sealNewest(key, who, open));
  return last;
}

async function sealNewest(key, who, open) {
  if (newest.get(key) !== open) return; // what came after it is sealed in its own turn
  const sealed = await seal(who, open);
  if (!sealed || newest.get(key) !== open) return;
  sealedLast.set(key, sealed);
  await drafts.put(key, { open, sealed });
}

/** Forgets what was typed at a stop, and its photo. */
export async function forgetDraft(task) {
  await last;
  for (const key of [keyOf(task), keyOf(photoOf(task))]) {
    newest.delete(key);
    sealedLast.delete(key);
    await drafts.remove(key);
  }
}

/** Nobody reads here any more what was typed. */
export async function closeDrafts() {
  await last;
  await drafts.close();
}
