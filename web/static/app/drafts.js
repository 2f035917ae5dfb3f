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

export async function forgetDraft(task) {
  await last;
  await drafts.remove(keyOf(task));
}

/** Nobody reads here any more what was typed. */
export async function closeDrafts() {
  await last;
  await drafts.close();
}
