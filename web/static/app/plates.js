// Which door a scanned plate hangs at. A plate's code is known here by its hash only, so that a tablet that is found
// tells nobody a code, and a scan finds its stop without a network.

import { plateMarks } from "./api.js";
import { kept } from "./store.js";

export const CODE = /^[A-Z2-7]{26}$/;

/** @type {City.PlateMark[]} */
let marks = [];

/** Asks for the plates of today's doors; without a network the last ones stay. */
export async function learnPlates() {
  try {
    marks = await plateMarks();
    await kept.put("plates", marks);
  } catch {
    marks = (await kept.get("plates")) ?? [];
  }
}

/** The code as it stands on a plate: a person may type it with blanks, in small letters. @param {string} text */
export const codeOf = (text) => text.replace(/[\s-]/g, "").toUpperCase();

/** The door of a plate on today's route; undefined: not on it. @param {string} code */
export async function doorOf(code) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code)));
  const sha256 = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return marks.find((mark) => mark.sha256 === sha256)?.door;
}
