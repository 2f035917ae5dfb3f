// The heartbeat of a grid worker's tablet: who sends it is on duty where the roster says so, and keeps what is claimed.

import { ref } from "/lib/vue.js";
import { heartbeat } from "./api.js";
import { lastPosition } from "./position.js";

const BEAT_MS = 60_000; // the server waits for ten of them

/** The own shift as the roster has it now; null: nothing is known. */
export const shift = ref(/** @type {City.Beat | null} */ (null));

export async function beat() {
  try {
    shift.value = await heartbeat(lastPosition());
  } catch {
    // without a network nobody hears it, and the last that is known stays
  }
}

/** Beats at once and every minute; the answer ends it. */
export function keepBeating() {
  beat();
  const every = setInterval(beat, BEAT_MS);
  return () => clearInterval(every);
}
