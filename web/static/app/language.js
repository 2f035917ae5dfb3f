// Chinese first, English one click away, remembered. `t("key", {n: 3})` reads reactively, so a switch redraws every
// page.

import { ref, watchEffect } from "/lib/vue.js";
import en from "../text/en.js";
import words from "../text/words.js";
import zh from "../text/zh.js";

// Names of rules, departments, kinds and values come with the server (they stand where each is defined); a page's own
// texts go first.
/** @type {Record<City.Language, Record<string, string>>} */
const TEXTS = { zh: { ...words.zh, ...zh }, en: { ...words.en, ...en } };
const REMEMBERED = "citygrid.language";

export const language = ref(/** @type {City.Language} */ (localStorage.getItem(REMEMBERED) === "en" ? "en" : "zh"));

watchEffect(() => {
  localStorage.setItem(REMEMBERED, language.value);
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
});

/**
 * The text of `key` in the language in force; `{name}` in it is replaced from `values`. An unknown key shows itself.
 *
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 */
export function t(key, values = {}) {
  const text = TEXTS[language.value][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/**
 * The text of `key`, or `otherwise` when there is none: for names that come from the server (rules, departments,
 * kinds).
 *
 * @type {(key: string, otherwise: string) => string}
 */
export const named = (key, otherwise) => TEXTS[language.value][key] ?? otherwise;

/** `[name, text]` of all keys `<kind>.<name>`, by their text: what a person may choose from. @param {string} kind */
export const choices = (kind) =>
  Object.entries(TEXTS[language.value])
    .filter(([key]) => key.startsWith(`${kind}.`))
    .map(([key, text]) => [key.slice(kind.length + 1), text])
    .sort(([, one], [, other]) => one.localeCompare(other, language.value));

/**
 * Whether rows of this name have a page: their view's words come from the server, with the view.
 *
 * @param {string} name
 */
export const isView = (name) => `view.${name}` in TEXTS[language.value];

/** What a link to a row is called: a view's name comes with the server. @param {string} view */
export const nameOfRecord = (view) => t("case.record", { view: named(`view.${view}`, view) });

/**
 * Of a pair of fields `<field>_zh` and `<field>_en`, the one in the language in force.
 *
 * @type {(thing: Record<string, any> | null | undefined, field: string) => string}
 */
export const textOf = (thing, field) =>
  thing?.[`${field}_${language.value}`] || thing?.[`${field}_zh`] || thing?.[`${field}_en`] || "";

export function switchLanguage() {
  language.value = language.value === "zh" ? "en" : "zh";
}
