// Who is signed in, and where each role's work begins.

import { abandon, me, signOut } from "./api.js";
import { closeDrafts } from "./drafts.js";
import { kept as cache } from "./store.js";

// name, role, scope: enough to open the worker's page without a network; no personal record
const KEPT = "citygrid.account";
// somebody signed out here and the server does not know it yet
const LEFT = "citygrid.signed-out";

// who sees no person has no centre
const HOMES = {
  grid_worker: "/worker.html",
  department: "/department.html",
  ops: "/ops.html",
  admin: "/admin.html",
};

export const homeOf = (role) => HOMES[role] ?? "/centre.html";

/** Somebody signed in: of whoever left before nothing is left to end, the server ended it. */
export function begin(account) {
  localStorage.removeItem(LEFT);
  remember(account);
}

function remember(account) {
  localStorage.setItem(KEPT, JSON.stringify(account));
}

export function remembered() {
  const kept = localStorage.getItem(KEPT);
  return kept ? JSON.parse(kept) : null;
}

/** Ends on the server what was ended here; true once nothing is left to end. */
export async function endSession() {
  if (!localStorage.getItem(LEFT)) return true;
  try {
    await signOut();
  } catch (refused) {
    if (refused.status !== 401) return false; // 401: it has ended already
  }
  localStorage.removeItem(LEFT);
  return true;
}

/**
 * Signs out at once, with or without a network: nothing that was read or typed can be read here any more, on other
 * tabs neither. The server is told now, or as soon as it can be reached.
 */
export async function leave() {
  localStorage.setItem(LEFT, "1"); // first: whatever happens next, no page opens again before the session has ended
  localStorage.removeItem(KEPT);
  abandon(); // an answer that is still on its way would be kept once more
  await Promise.all([cache.clear(), closeDrafts()]);
  endSession();
  location.replace("/");
}

addEventListener("storage", (event) => event.key === LEFT && event.newValue && toSignIn());
addEventListener("online", () => endSession());

export function toSignIn() {
  const here = location.pathname + location.hash;
  location.replace(`/?next=${encodeURIComponent(here)}`);
}

/** The account of this browser; sends to the sign-in page when there is none. Throws Unreachable without a network. */
export async function account() {
  if (localStorage.getItem(LEFT)) {
    await endSession();
    toSignIn();
    return new Promise(() => {}); // the page is leaving
  }
  try {
    const who = await me();
    remember(who);
    return who;
  } catch (refused) {
    if (refused.status === 401) {
      toSignIn();
      return new Promise(() => {}); // the page is leaving
    }
    throw refused;
  }
}
