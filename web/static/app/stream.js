// Server-Sent Events. The browser sends Last-Event-ID by itself when it reconnects; after a longer silence we open anew.

import { ref } from "/lib/vue.js";
import { STREAM } from "./api.js";
import { toSignIn } from "./session.js";

const REOPEN_MS = 5_000;

/** `live`: connected · `waiting`: trying again. */
export const streamState = ref("waiting");

/**
 * Follows the stream; `heard(kind, value)` is called for each `alert`, `task` and `freshness` event, `reconnected()` when the server
 * no longer has what was missed (`reset`) or the stream was opened anew, so that everything is read again. `begun()` is called once a new stream tells of everything from now on: what happened between the
 * page's own reading and that moment is in neither. Returns a function that ends it.
 */
export function follow(heard, reconnected, begun = () => null) {
  let source;
  let again;

  const open = () => {
    source = new EventSource(STREAM);
    source.onopen = () => {
      streamState.value = "live";
    };
    source.onerror = () => {
      streamState.value = "waiting";
      if (source.readyState === EventSource.CLOSED) again = setTimeout(() => (open(), reconnected()), REOPEN_MS);
    };
    source.addEventListener("ready", () => begun(), { once: true });
    source.addEventListener("reset", () => reconnected());
    source.addEventListener("ended", () => {
      source.close();
      toSignIn();
    });
    for (const kind of ["alert", "task", "freshness"]) {
      source.addEventListener(kind, (event) => heard(kind, event.data ? JSON.parse(event.data) : {}));
    }
  };
  open();
  return () => {
    clearTimeout(again);
    source.close();
  };
}
