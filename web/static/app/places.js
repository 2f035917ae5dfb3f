// Where something is, in words: the place's name as the server has it, and what of the address that name has not said
// yet.

import { language, t, textOf } from "./language.js";
import { placeName } from "./regions.js";

/** The name of a place: "市桥街道 先锋社区 03网格"; where the map names none of it, its code in words. */
export const nameOf = (place) => textOf(place, "name") || placeName(place?.grid ?? place?.district, language.value);

const DISTRICT = 8; // characters, at most, that stand before the street in an address

/** The address without the district and street that it begins with: the name says them already. */
function restOf(place) {
  const street = place.name_zh?.split(" ")[0];
  const start = street ? place.address.indexOf(street) : -1;
  return start >= 0 && start <= DISTRICT ? place.address.slice(start + street.length) || place.address : place.address;
}

/** "市桥街道 先锋社区 03网格 · 62号1004房", for one line; empty where nothing is known. */
export const whereOf = (place) =>
  place ? [nameOf(place), place.address ? restOf(place) : ""].filter(Boolean).join(" · ") : "";

/** The heading of a stop: its door; of what has no door (a facility), the grid in which it stands. */
export const stopOf = (place) => place?.address || (place && nameOf(place)) || t("stop.no-address");
