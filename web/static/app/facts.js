// A row of the API as what a person reads: facts with their source, whatever the view, and the history of statements.
// Nothing here knows a department's fields: a fact that a view grows is shown as soon as its row has it, under the
// words of its schema.

import { choices, isView, language, named, t } from "./language.js";
import { isMasked, orMasked } from "./masked.js";
import { placeName } from "./regions.js";
import { clock } from "./time.js";

const DAY_MS = 86_400_000;
const DATES = new Set(["born", "died_on", "start", "until", "effective_from", "on", "lasts_until"]);
const DATE_FACTS = new Set(["death", "renewals", "lease_ends", "grant_ends"]);
const HIDDEN = new Set(["task", "lon", "lat", "household_differs", "contacts_disagree", "path"]);
const SUBJECTS = ["resident", "dwelling", "origin", "district"]; // whose row said it, in what others say of this one

const PSEUDONYM = /^[a-z0-9]+\.[A-Za-z0-9_-]{20,}$/;
const CREDIT_CODE = /^[0-9A-HJ-NP-RTUWXY]{18}$/;
const AREAS = new Set(["grid", "district"]); // codes of 15 or 6 digits, which nobody knows by heart
const INSTANT = /^\d{4}-\d\d-\d\dT/;

/** An Avro date, as days since 1970 or as text, as "2026-11-23". @param {unknown} value */
export const day = (value) =>
  typeof value === "number"
    ? new Date(value * DAY_MS).toISOString().slice(0, 10)
    : value
      ? orMasked(String(value).slice(0, 10))
      : "";

export const short = (/** @type {string} */ resident) =>
  isMasked(resident) ? t("person.resident") : `${t("person.resident")} ${String(resident).slice(-4)}`;

/**
 * Where a value leads: the address of a row's page, or null.
 *
 * @param {string} name of its field
 * @param {unknown} value
 */
export function linkOf(name, value) {
  if (typeof value !== "string" || isMasked(value) || value === "") return null;
  if (PSEUDONYM.test(value)) return recordLink("resident", value);
  if (name !== "resident" && isView(name)) return recordLink(name, value); // a field of a view's name names its row
  return CREDIT_CODE.test(value) && name !== "device" ? recordLink("legal_person", value) : null;
}

export const recordLink = (/** @type {string} */ view, /** @type {string} */ id) =>
  `/record.html#${view}/${encodeURIComponent(id)}`;

/** @returns {string} */
function text(/** @type {string} */ name, /** @type {any} */ value) {
  if (value === null || value === undefined || value === "") return "";
  if (value === true || value === false) return t(value ? "answer.yes" : "answer.no");
  if (DATES.has(name)) return day(value);
  if (typeof value === "number") return measured(name, value);
  if (PSEUDONYM.test(value)) return short(value);
  if (INSTANT.test(value)) return clock(value);
  if (AREAS.has(name) && !isMasked(value)) return placeName(value, language.value);
  if (name === "relation") return named(`relation.${value}`, orMasked(String(value)));
  return named(`value.${name}.${value}`, named(`value.${value}`, orMasked(String(value))));
}

function measured(/** @type {string} */ name, /** @type {number} */ value) {
  if (name.endsWith("_fen")) return `¥${(value / 100).toLocaleString("zh-CN", { minimumFractionDigits: 2 })}`;
  if (name.endsWith("_m2")) return `${value} m²`;
  if (name.endsWith("_mm")) return `${value} mm`;
  if (name.endsWith("_persons") || name === "children") return t("record.persons", { n: value });
  return String(value);
}

const isPlain = (/** @type {unknown} */ one) => one !== null && typeof one !== "object";
const isStatement = (/** @type {unknown} */ one) =>
  one !== null && typeof one === "object" && "department" in one && "recorded_at" in one;
const isSource = (/** @type {unknown} */ one) =>
  one !== null && typeof one === "object" && "department" in one && "event_id" in one && !("recorded_at" in one);

/** A field's name, of its fact before of any, without what its schema explains behind it: "部件名称", not "部件名称,如井盖、路灯". */
const labelOf = (/** @type {string} */ fact, /** @type {string} */ name) =>
  named(`field.${fact}.${name}`, named(`field.${name}`, name))
    .split(/[,，;；(（:：]/)[0]
    .trim();

/** @returns {City.Part} */
const part = (/** @type {string} */ name, /** @type {unknown} */ value, /** @type {string} */ label) => ({
  label,
  text: DATE_FACTS.has(name) ? day(value) : text(name, value),
  link: linkOf(name, value),
});

/**
 * What a statement says: `{label, text, link}` for each thing that it holds; no label where the fact's own name says
 * it.
 *
 * @param {string} fact
 * @param {any} value
 * @returns {City.Part[]}
 */
export function parts(fact, value) {
  if (Array.isArray(value)) return value.flatMap((item) => parts(fact, item));
  if (value === null || value === undefined) return [];
  if (isPlain(value)) return [part(fact, value, "")].filter((one) => one.text);
  return Object.entries(value).flatMap(([name, one]) => {
    if (HIDDEN.has(name) || one === null || one === "" || isSource(one)) return [];
    if (isPlain(one)) return [part(name, one, labelOf(fact, name))];
    if (Array.isArray(one) && one.length && one.every(isPlain))
      return one.map((item, i) => part(name, item, i ? "" : labelOf(fact, name)));
    return [];
  });
}

/** The same in one line. */
export const words = (/** @type {string} */ fact, /** @type {any} */ value) =>
  parts(fact, value)
    .map((one) => [one.label, one.text].filter(Boolean).join(" "))
    .join(" · ");

/** @type {Record<string, string>} */
const NAME_OF = { membership: "residence", occupancy: "occupants", programmes: "grants", risk: "doors" };

/**
 * Every statement in the row, wherever it stands: its own facts, and what other rows say of it, each with its source.
 *
 * @param {any} value
 * @param {string} fact
 * @param {City.Speaker} [who]
 * @returns {Omit<City.Statement, "rank">[]}
 */
function statements(value, fact, who) {
  if (Array.isArray(value)) return value.flatMap((one) => statements(one, fact, who));
  if (value === null || typeof value !== "object") return [];
  if (isStatement(value))
    return [{ ...value, fact, who, parts: parts(fact, value.value), words: words(fact, value.value) }];
  const children = Object.values(value).filter((one) => one !== null && typeof one === "object");
  const subject =
    children.length && !children.some(isSource) ? SUBJECTS.find((name) => isPlain(value[name] ?? {})) : undefined;
  const from = called(
    subject ? { view: subject === "origin" ? "resident" : subject, id: value[subject] } : who,
    value.name,
  );
  return Object.entries(value).flatMap(([name, one]) => {
    if (!isSource(one)) return statements(one, NAME_OF[name] ?? name, from);
    const rest = Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));
    return [
      {
        ...one,
        fact: name === "source" ? fact : name,
        byKind: name !== "source",
        who: from,
        parts: parts(fact, rest),
        words: words(fact, rest),
      },
    ];
  });
}

/** A person whose row says its name is called by it. */
const called = (/** @type {City.Speaker | undefined} */ who, /** @type {unknown} */ name) =>
  who && typeof name === "string" ? { ...who, name } : who;

export const whoIs = (/** @type {City.Speaker | undefined} */ who) =>
  !who ? "" : (who.name ?? (who.view === "resident" ? short(who.id) : orMasked(String(who.id))));

/** @type {Record<string, string>} */
const FACT_OF = { contact: "contact", household: "grants", dwelling: "residence" };

/** An event is one line, however many facts it speaks of: under the first of them, as what holds if any of it does. */
function oncePerEvent(/** @type {City.Statement[]} */ all) {
  /** @type {Map<string, City.Statement>} */
  const byEvent = new Map();
  for (const statement of all) {
    const known = byEvent.get(statement.event_id);
    if (!known || (known.withdrawn && !statement.withdrawn)) byEvent.set(statement.event_id, statement);
  }
  return [...byEvent.values()];
}

/**
 * Facts in force, newest statement of each record first; `disputed` where departments differ; and each event as
 * history.
 *
 * @param {City.AnyRow} row
 * @returns {{facts: City.Statement[], history: City.Statement[]}}
 */
export function factsOf(row) {
  const inOrder = Object.entries(row)
    .flatMap(([fact, value]) => statements(value, fact))
    .map((statement, rank) => ({ ...statement, rank }));
  const all = inOrder.sort((a, b) =>
    b.occurred_at > a.occurred_at ? 1 : b.occurred_at < a.occurred_at ? -1 : a.rank - b.rank,
  );
  const disputed = new Set((row.disagreements ?? []).flatMap((/** @type {string} */ name) => [name, FACT_OF[name]]));
  const seen = new Set();
  const facts = all.filter((statement) => {
    const key = `${statement.fact} ${statement.department} ${statement.record} ${statement.who?.id ?? ""}`;
    return statement.withdrawn || statement.value === "" || seen.has(key) ? false : seen.add(key);
  });
  return {
    facts: facts.map((statement) => ({ ...statement, disputed: disputed.has(statement.fact) })),
    history: oncePerEvent(all),
  };
}

/**
 * What a fact is called: by the page, by its schema, or by the kind of its statement.
 *
 * @param {Pick<City.Statement, "byKind" | "fact" | "kind">} statement
 */
export const factName = (statement) =>
  statement.byKind || statement.fact === "other"
    ? named(`kind.${statement.kind}`, statement.kind)
    : named(
        `fact.${statement.fact}`,
        named(`field.${statement.fact}`, named(`kind.${statement.kind}`, statement.fact)),
      );

/** The facts of each department, the one that spoke last first. @param {City.Statement[]} facts */
export function byDepartment(facts) {
  /** @type {Map<string, City.Statement[]>} */
  const departments = new Map();
  for (const statement of facts) {
    departments.set(statement.department, [...(departments.get(statement.department) ?? []), statement]);
  }
  return [...departments];
}

/**
 * The rows that this one points at: `[view, id]`.
 *
 * @param {string} view
 * @param {City.AnyRow} row
 */
export const linksOf = (view, row) =>
  choices("view")
    .map(([name]) => name)
    .filter(
      (name) =>
        name !== view && name !== "resident" && typeof row[name] === "string" && row[name] && !isMasked(row[name]),
    )
    .map((name) => [name, row[name]]);
