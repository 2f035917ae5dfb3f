// The names of the areas above a place that a link leads to: whoever did not come down the map has not learned them.

import { grids } from "./api.js";
import { isNamed, learn } from "./regions.js";

const PARENTS = [6, 9, 12]; // digits of a district, a street, a community: each knows the names of what lies in it

/** Learns what is not known of the names from the district down to `code`; without an answer codes are shown. */
export async function learnAbove(/** @type {string} */ code) {
  const missing = PARENTS.filter((digits) => digits < code.length && !isNamed(code.slice(0, digits + 3)));
  const answers = await Promise.allSettled(missing.map((digits) => grids(code.slice(0, digits))));
  for (const answer of answers) {
    if (answer.status === "rejected") continue;
    for (const feature of answer.value.features) learn(feature.id, feature.properties);
  }
}
