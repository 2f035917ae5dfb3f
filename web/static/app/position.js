// Where the tablet is, while the page is open and the person allows it. It stays on the tablet, but for the plan of a
// route, whose server does not keep it.

import { ref } from "/lib/vue.js";

/** In degrees WGS 84, with metres of `accuracy`; null until it is known. */
export const here = ref(null);
/** Why it is not known, as the browser says; empty while it is, or nobody asked. */
export const notKnown = ref("");

let watch;

/** Follows the position; asks the person once. */
export function followPosition() {
  if (watch !== undefined || !navigator.geolocation) return;
  watch = navigator.geolocation.watchPosition(
    ({ coords }) => {
      here.value = { lon: coords.longitude, lat: coords.latitude, accuracy: coords.accuracy };
      notKnown.value = "";
    },
    (error) => {
      here.value = null;
      notKnown.value = error.message || String(error.code);
    },
    { enableHighAccuracy: true, maximumAge: 15_000, timeout: 30_000 },
  );
}

/** Follows it without asking, if the person has allowed it before. */
export async function followIfAllowed() {
  const allowed = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (allowed?.state === "granted") followPosition();
}

export function leavePosition() {
  if (watch !== undefined) navigator.geolocation.clearWatch(watch);
  watch = undefined;
  here.value = null;
}
