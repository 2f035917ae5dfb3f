// What is not sent yet is sealed to the server's key when it is written: whoever finds the tablet reads nothing of it,
// and it survives every wipe. Only the server opens it, for the account that sealed it (api/sealing.py).

import { openSealed, sealingKey } from "./api.js";

const KEPT = "citygrid.sealing-key"; // a public key: no secret
const PURPOSE = new TextEncoder().encode("citygrid seal 1");
const CURVE = { name: "ECDH", namedCurve: "P-256" };

const bytesOf = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
function textOf(/** @type {ArrayBuffer | Uint8Array} */ bytes) {
  let text = "";
  for (const one of new Uint8Array(bytes)) text += String.fromCharCode(one);
  return btoa(text);
}

function knownKey() {
  const kept = localStorage.getItem(KEPT);
  return kept ? JSON.parse(kept) : null;
}

/** Whether anything can be sealed here. */
export const hasKey = () => Boolean(localStorage.getItem(KEPT));

/** Asks for the key in force; without a network the last one stays. */
export async function learnKey() {
  localStorage.setItem(KEPT, JSON.stringify(await sealingKey()));
}

/** The content (JSON) for this account, sealed; null while this tablet has never learnt a key. */
export async function seal(account, content) {
  const known = knownKey();
  if (!known) return null;
  const { subtle } = crypto;
  const theirs = bytesOf(known.key);
  const once = await subtle.generateKey(CURVE, false, ["deriveBits"]);
  const mine = new Uint8Array(await subtle.exportKey("raw", once.publicKey));
  const server = await subtle.importKey("raw", theirs, CURVE, false, []);
  const shared = await subtle.deriveBits({ name: "ECDH", public: server }, once.privateKey, 256);
  const root = await subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const salt = new Uint8Array([...mine, ...theirs]);
  const key = await subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt, info: PURPOSE },
    root,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt"],
  );
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const additionalData = new TextEncoder().encode(known.id);
  const text = new TextEncoder().encode(JSON.stringify({ account, content }));
  const data = await subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, text);
  return [known.id, textOf(mine), textOf(iv), textOf(data)].join(".");
}

/** What was sealed here before; the server opens it for its own account only. Throws Problem or Unreachable. */
export const unseal = async (sealed) => (await openSealed(sealed)).content;
