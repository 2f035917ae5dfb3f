// What is being typed at a door, kept with each keystroke: as it is while its account is signed in, and sealed, so that
// it is there again for that account after every wipe.

import { seal, unseal } from "./seal.js";
import { drafts } from "./store.js";

let account = "";
let last = Promise.resolve();

/** Whose drafts these are. A colleague's stay sealed. */
export function draftsOf(/** @type {string} */ who) {
  account = who;
}

/** The key of a stop's photo: a draft of its own, so that no letter that is typed writes it anew. */
export const photoOf = (/** @type {string} */ task) => `${task} photo`;

const keyOf = (task) => `${account}/${task}`;

/** The draft of a visit, undefined if there is none or the server that could open it is away. */
export async function readDraft(task) {
  const one = await drafts.get(keyOf(task));
  return one?.open ?? (one?.sealed ? await unseal(one.sealed).catch(() => undefined) : undefined);
}

/** Keeps the draft; in the order of the calls, whatever sealing takes. */
export function keepDraft(task, draft) {
  const key = keyOf(task);
  const who = account;
  const open = JSON.parse(JSON.stringify(draft));
  last = last.then(async () => drafts.put(key, { open, sealed: (await seal(who, open)) ?? undefined }));
  return last;
}

/** Forgets what was typed at a stop, and its photo. */
export async function forgetDraft(task) {
  await last;
  await drafts.remove(keyOf(task));
  await drafts.remove(keyOf(photoOf(task)));
}

/** Nobody reads here any more what was typed. */
export async function closeDrafts() {
  await last;
  await drafts.close();
}
