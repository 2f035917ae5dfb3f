// However many events come, the page is drawn once a frame.

import { ref } from "/lib/vue.js";

const HIDDEN_MS = 250; // a page that nobody sees has no frames
const LATE_MS = 1_000;

/** Whether what has come was not drawn for a second: the page is behind the stream. */
export const isLate = ref(false);

/** A function that takes an event; `draw(events)` gets all that came since the last frame, the oldest first. */
export function perFrame(draw) {
  let waiting = [];
  let since = 0;
  const flush = () => {
    const taken = waiting;
    waiting = [];
    isLate.value = performance.now() - since > LATE_MS && !document.hidden;
    draw(taken);
  };
  return (...event) => {
    if (!waiting.length) {
      since = performance.now();
      if (document.hidden) setTimeout(flush, HIDDEN_MS);
      else requestAnimationFrame(flush);
    }
    waiting.push(event);
  };
}
