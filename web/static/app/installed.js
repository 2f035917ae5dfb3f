// The pages on this tablet: kept whole by the service worker, and not thrown away when its disk fills up.

/** Keeps the pages' version on the tablet, and asks that what waits to be sent outlives a full disk. */
export async function installPages() {
  if (!("serviceWorker" in navigator)) return; // no TLS, and not this machine
  navigator.serviceWorker.register("/sw.js");
  await navigator.storage?.persist?.();
}
