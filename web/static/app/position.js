// Where the tablet is, while the page is open and the person allows it. It stays on the tablet, but for the plan of a
// route, whose server does not keep it, and for the heartbeat: the last one, ten minutes long, says who is nearest to
// a call for help.

import { ref } from "/lib/vue.js";

/** In degrees WGS 84, with metres of `accuracy`; null until it is known. */
export const here = ref(null);
/** Why it is not known, as the browser says; empty while it is, or nobody asked. */
export const notKnown = ref("");

let watch;
let since = 0; // ms, when the tablet was there

/** Follows the position; asks the person once. */
export function followPosition() {
  if (watch !== undefined || !navigator.geolocation) return;
  watch = navigator.geolocation.watchPosition(
    ({ coords, timestamp }) => {
      here.value = { lon: coords.longitude, lat: coords.latitude, accuracy: coords.accuracy };
      since = timestamp;
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

/** As the heartbeat says it; null: not known, or not allowed. */
export const lastPosition = () =>
  here.value && { lon: here.value.lon, lat: here.value.lat, age_s: Math.max(0, (Date.now() - since) / 1000) };

export function leavePosition() {
  if (watch !== undefined) navigator.geolocation.clearWatch(watch);
  watch = undefined;
  here.value = null;
}
