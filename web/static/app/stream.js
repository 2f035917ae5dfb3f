// Server-Sent Events. The browser sends Last-Event-ID by itself when it reconnects; after a longer silence we open
// anew.

import { ref } from "/lib/vue.js";
import { STREAM } from "./api.js";
import { account, toSignIn } from "./session.js";

const REOPEN_MS = 5_000;

/** `opening`: for the first time · `live`: connected · `waiting`: trying again. */
export const streamState = ref("opening");
/** Grows when calls for help are to be read again. */
export const callsTouched = ref(0);
/** How old what comes is, in seconds, while the server is behind; 0: it is fresh. */
export const behindSeconds = ref(0);

/**
 * Follows the stream; `received(kind, value)` is called for each `alert`, `task` and `freshness` event. `read()` reads
 * everything: once a stream has begun, so that nothing is missed between the first reading and its beginning, and when
 * the server no longer has what was missed (`reset`). Returns a function that ends it.
 *
 * @param {(kind: string, value: any) => void} received
 * @param {() => unknown} read
 */
export function follow(received, read) {
  /** @type {EventSource} */
  let source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let again;
  let ended = false;

  /** A browser does not say with what the stream was refused: whether the session is over, the account says. */
  const refused = async () => {
    try {
      await account(); // sends to the sign-in page if it is
    } catch {
      // the server is away, or full
    }
    if (!ended) again = setTimeout(open, REOPEN_MS);
  };
  const open = () => {
    let begun = false;
    source = new EventSource(STREAM);
    source.onerror = () => {
      streamState.value = "waiting";
      if (source.readyState === EventSource.CLOSED) refused();
    };
    source.addEventListener("ready", async () => {
      callsTouched.value += 1; // what came before it began
      if (!begun) await read();
      begun = true;
      streamState.value = "live";
      behindSeconds.value = 0;
    });
    source.addEventListener("behind", (event) => (behindSeconds.value = JSON.parse(event.data).seconds));
    source.addEventListener("reset", () => read());
    source.addEventListener("ended", () => {
      source.close();
      toSignIn();
    });
    source.addEventListener("call", () => (callsTouched.value += 1));
    for (const kind of ["alert", "task", "freshness"]) {
      source.addEventListener(kind, (event) => received(kind, event.data ? JSON.parse(event.data) : {}));
    }
  };
  open();
  return () => {
    ended = true;
    clearTimeout(again);
    source.close();
  };
}
