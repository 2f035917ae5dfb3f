// Web Push of this tablet: a call for help is heard of while the page is closed. Asked for by a button, never on load.

import { ref } from "/lib/vue.js";
import { forgetPush, pushState, subscribePush } from "./api.js";

/** off: neither city nor browser has it · ask: the person may allow it · on · denied: the browser's settings say no. */
export const pushing = ref(/** @type {"off" | "ask" | "on" | "denied"} */ ("off"));

const possible = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

const ownPushes = async () => (await navigator.serviceWorker.getRegistration())?.pushManager;

/** The key as browsers take it. */
const bytesOf = (key) =>
  Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const sameKey = (buffer, key) => {
  const [own, city] = [new Uint8Array(buffer ?? []), bytesOf(key)];
  return own.length === city.length && own.every((byte, i) => byte === city[i]);
};

/** Subscribes without asking, where the person has allowed it before; else says whether there is something to allow. */
export async function learnPush() {
  pushing.value = "off";
  if (!possible()) return;
  const { key } = await pushState().catch(() => ({ key: null }));
  if (!key) return;
  if (Notification.permission === "denied") pushing.value = "denied";
  else if (Notification.permission === "default") pushing.value = "ask";
  else await subscribe(key).catch(() => (pushing.value = "ask"));
}

/** By a button: asks the person, then subscribes. Throws what the browser or the server refused. */
export async function allowPush() {
  const { key } = await pushState();
  if (!key) return void (pushing.value = "off");
  const answer = await Notification.requestPermission();
  if (answer === "granted") await subscribe(key);
  else pushing.value = answer === "denied" ? "denied" : "ask";
}

async function subscribe(key) {
  const { pushManager } = await navigator.serviceWorker.ready;
  let own = await pushManager.getSubscription();
  if (own && !sameKey(own.options.applicationServerKey, key)) {
    await own.unsubscribe(); // the city has another key now
    own = null;
  }
  own ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) });
  const { endpoint, keys } = own.toJSON();
  await subscribePush({ endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth } });
  pushing.value = "on";
}

/** By a button: this tablet is told no more. */
export async function leavePush() {
  await forgetPush();
  await (await (await ownPushes())?.getSubscription())?.unsubscribe();
  pushing.value = "ask";
}

/** What the page shows itself needs no notice any more: those of calls that wait no longer are closed. */
export async function closeNotices(waiting) {
  if (!("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.getRegistration();
  for (const notice of (await registration?.getNotifications?.()) ?? [])
    if (!waiting.includes(notice.tag)) notice.close();
}
