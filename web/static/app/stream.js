// Server-Sent Events. The browser sends Last-Event-ID by itself when it reconnects; after a longer silence we open anew.

import { ref } from "/lib/vue.js";
import { STREAM } from "./api.js";

const REOPEN_MS = 5_000;

/** `live`: connected · `waiting`: trying again. */
export const streamState = ref("waiting");

/**
 * Follows the stream; `heard(kind, value)` is called for each `alert`, `task` and `freshness` event, `reconnected()` after a gap,
 * so that what was missed beyond the server's memory is read again. Returns a function that ends it.
 */
export function follow(heard, reconnected) {
  let source;
  let again;
  let opened = false;

  const open = () => {
    source = new EventSource(STREAM);
    source.onopen = () => {
      streamState.value = "live";
      if (opened) reconnected();
      opened = true;
    };
    source.onerror = () => {
      streamState.value = "waiting";
      if (source.readyState === EventSource.CLOSED) again = setTimeout(open, REOPEN_MS);
    };
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
