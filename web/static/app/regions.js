// Region codes: district 6, street 9, community 12, grid 15 digits; one is a prefix of the next.

import { named, t } from "./language.js";

const LEVELS = [6, 9, 12, 15];
/** @type {Map<string, City.Names>} */
const names = new Map(); // code → {name_zh, name_en}, learned from the map

export const levelOf = (/** @type {string} */ code) => LEVELS.findLast((length) => code.length >= length) ?? 0;

/** The code one level up, never above `scope`. */
export function above(/** @type {string} */ code, /** @type {string} */ scope) {
  const up = LEVELS.findLast((length) => length < code.length) ?? 0;
  const parent = code.slice(0, up);
  return parent.length < scope.length ? scope : parent;
}

/** The codes from the scope's own level down to `code`: the breadcrumb. */
export function pathTo(/** @type {string} */ code, /** @type {string} */ scope) {
  const path = LEVELS.filter((length) => length <= code.length && length >= Math.max(scope.length, 6)).map((length) =>
    code.slice(0, length),
  );
  return scope === "" ? ["", ...path] : path;
}

export function learn(/** @type {string} */ code, /** @type {City.Names} */ properties) {
  if (properties.name_zh || properties.name_en) names.set(code, properties);
}

export const isNamed = (/** @type {string} */ code) => names.has(code);

/** @type {Record<number, string>} */
const LEVEL_NAME = { 6: "district", 9: "street", 12: "community", 15: "grid" };

/** The name of a region; where none is known, its level and the digits of that level. */
export function regionName(/** @type {string} */ code, /** @type {City.Language} */ language) {
  if (code === "") return t("region.city");
  const known = names.get(code);
  if (known) return known[`name_${language}`] || known.name_zh || known.name_en;
  const level = levelOf(code);
  const district = named(`region.${code}`, "");
  if (district) return district;
  return t(`region.nameless.${LEVEL_NAME[level] ?? "grid"}`, { code: level === 6 ? code : code.slice(-3) });
}

const SHARED = 2; // characters; one alone is shared by chance

/**
 * The name of a region without what the region above it says already: "东社区" in "示例一街道", "03网格" in "东社区" (as
 * api/places.py).
 */
export function shortName(/** @type {string} */ code, /** @type {City.Language} */ language) {
  const name = regionName(code, language);
  const above = LEVELS.findLast((length) => length < code.length);
  if (!above || !names.has(code)) return name;
  const parent = names.has(code.slice(0, above)) ? regionName(code.slice(0, above), language) : "";
  if (parent && name.endsWith(`, ${parent}`)) return name.slice(0, -parent.length - 2);
  for (let length = name.length - 1; length >= SHARED; length--) {
    if (parent.endsWith(name.slice(0, length))) return name.slice(length).trim();
  }
  return name;
}

/** What an account's scope is called; the empty one is the city. */
export const scopeName = (/** @type {string} */ scope, /** @type {City.Language} */ language) =>
  scope ? placeName(scope, language) : regionName("", language);

/**
 * "先锋社区 003 格": a grid code from the nearest level with a known name, larger first in Chinese and last in English;
 * where none is known, with its district, for "街道 001" is the name of eleven streets.
 */
export function placeName(/** @type {string | null | undefined} */ code, /** @type {City.Language} */ language) {
  if (!code) return "";
  if (code.length <= 6) return regionName(code, language);
  const levels = pathTo(code, "0").slice(1);
  // the closest one whose name is known
  const nearest = levels.findLastIndex((level) => level.length < code.length && names.has(level));
  const shown =
    nearest >= 0 ? levels.slice(nearest) : names.has(code) ? levels.slice(-2) : [code.slice(0, 6), ...levels];
  const words = shown.map((level, i) => (i === 0 ? regionName(level, language) : shortName(level, language)));
  return language === "en" ? words.reverse().join(", ") : words.join(" ");
}
