// Who is signed in, and where each role's work begins.

import { me } from "./api.js";

// name, role, scope: enough to open the worker's page without a network; no personal record
const KEPT = "citygrid.account";

// who sees no person has no centre
const HOMES = { grid_worker: "/worker.html", department: "/catalogue.html", ops: "/catalogue.html" };

export const homeOf = (role) => HOMES[role] ?? "/centre.html";

export function remember(account) {
  localStorage.setItem(KEPT, JSON.stringify(account));
}

export function remembered() {
  const kept = localStorage.getItem(KEPT);
  return kept ? JSON.parse(kept) : null;
}

export function forget() {
  localStorage.removeItem(KEPT);
}

export function toSignIn() {
  const here = location.pathname + location.hash;
  location.replace(`/?next=${encodeURIComponent(here)}`);
}

/** The account of this browser; sends to the sign-in page when there is none. Throws Unreachable without a network. */
export async function account() {
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
