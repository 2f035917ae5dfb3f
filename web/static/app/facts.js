// A row of the API as what a person reads: people for the diagram, facts with their source, and the history of statements.

import { named, t } from "./language.js";
import { isMasked, orMasked } from "./masked.js";

const DAY_MS = 86_400_000;
const DATES = new Set(["born", "died_on", "start", "until", "effective_from", "on", "lasts_until"]);
const DATE_FACTS = new Set(["death", "renewals", "lease_ends", "grant_ends"]);
const HIDDEN = new Set(["task", "lease", "mother", "father", "relative", "spouse", "landlord", "tenants", "tenant", "resident", "dwelling", "household", "lon", "lat", "household_differs"]);

/** An Avro date, as days since 1970 or as text, as "2026-11-23". */
export const day = (value) => (typeof value === "number" ? new Date(value * DAY_MS).toISOString().slice(0, 10) : value ? orMasked(String(value).slice(0, 10)) : "");

function text(name, value) {
  if (value === null || value === undefined || value === "") return "";
  if (value === true || value === false) return t(value ? "answer.yes" : "answer.no");
  if (DATES.has(name)) return day(value);
  if (name.endsWith("_fen")) return `¥${(value / 100).toLocaleString("zh-CN", { minimumFractionDigits: 2 })}`;
  if (name === "floor_area_m2") return `${value} m²`;
  return named(`value.${value}`, orMasked(String(value)));
}

/** The readable words of a statement's value. */
export function words(fact, value) {
  if (value === null || typeof value !== "object") return DATE_FACTS.has(fact) ? day(value) : text(fact, value);
  return Object.entries(value)
    .filter(([name, one]) => !HIDDEN.has(name) && one !== null && typeof one !== "object")
    .map(([name, one]) => `${named(`field.${name}`, name)} ${text(name, one)}`)
    .join(" · ");
}

const isStatement = (one) => one !== null && typeof one === "object" && "department" in one && "recorded_at" in one;

/** The statements of a resident's or a dwelling's row. */
const statements = (row) =>
  Object.entries(row).flatMap(([fact, value]) => (Array.isArray(value) ? value.filter(isStatement).map((said) => ({ ...said, fact, words: words(fact, said.value) })) : []));

/** What members' rows say about a household, each with its source. */
const heldByMembers = (row) =>
  (row.members ?? []).flatMap(({ resident, membership: m }) => {
    const one = (fact, value) => ({ fact, who: m.name ?? short(resident), words: words(fact, Object.fromEntries(Object.entries(value).filter(([name]) => name !== "source"))), ...value.source });
    return [
      { fact: "residence", who: m.name ?? short(resident), words: [m.relation && named(`relation.${m.relation}`, orMasked(m.relation)), m.address].filter(Boolean).join(" · "), ...m.source },
      ...(m.vehicles ?? []).map((held) => one("vehicles", held)),
      ...(m.programmes ?? []).map((held) => one("grants", held)),
      ...(m.marriage ? [one("marriage", m.marriage)] : []),
      ...(m.tax_returns ?? []).map((held) => one("tax_returns", held)),
      ...(m.arrears ?? []).map((held) => one("arrears", held)),
    ];
  });

const heldByOccupants = (row) => (row.occupants ?? []).map(({ resident, occupancy }) => ({ fact: "occupants", who: short(resident), words: day(occupancy.born), ...occupancy.source }));

const FACT_OF = { contact: "contact", household: "grants", dwelling: "residence" };

/** Facts in force, newest statement of each record first; `disputed` where departments differ; and all statements as history. */
export function factsOf(row) {
  const all = [...statements(row), ...heldByMembers(row), ...heldByOccupants(row)].sort((a, b) => (b.occurred_at > a.occurred_at ? 1 : -1));
  const disputed = new Set((row.disagreements ?? []).flatMap((name) => [name, FACT_OF[name]]));
  const seen = new Set();
  const facts = all.filter((said) => {
    const key = `${said.fact} ${said.department} ${said.record} ${said.who ?? ""}`;
    return said.withdrawn || seen.has(key) ? false : seen.add(key);
  });
  return { facts: facts.map((said) => ({ ...said, disputed: disputed.has(said.fact) })), history: all };
}

export const short = (resident) => (isMasked(resident) ? t("person.resident") : `${t("person.resident")} ${String(resident).slice(-4)}`);

/** Each id once; masked ones cannot be told apart, so each of them counts. */
const onceEach = (ids) => ids.filter((id, i) => isMasked(id) || ids.indexOf(id) === i);

/** Who belongs to the row: `{id, name, role, born, dead}`. */
export function peopleOf(view, row) {
  if (view === "household") {
    return (row.members ?? []).map(({ resident, membership: m }) => ({ id: resident, name: m.name ?? short(resident), role: isMasked(m.relation) ? "member" : (m.relation ?? "member"), born: day(m.born), dead: day(m.died_on) }));
  }
  if (view === "dwelling") {
    const registered = (row.occupants ?? []).map(({ resident, occupancy: o }) => ({ id: resident, name: short(resident), role: "occupant", born: day(o.born), dead: day(o.died_on) }));
    const leases = (row.leases ?? []).filter((said) => !said.withdrawn).map((said) => said.value);
    const known = new Set(registered.map((one) => one.id));
    const others = onceEach(leases.flatMap((lease) => lease.tenants ?? [])).filter((id) => !known.has(id)).map((id) => ({ id, name: short(id), role: "tenant" }));
    const landlords = onceEach(leases.map((lease) => lease.landlord)).filter((id) => id && !known.has(id)).map((id) => ({ id, name: short(id), role: "landlord" }));
    return [...registered, ...others, ...landlords];
  }
  return [{ id: row.id, name: row.name ?? short(row.id), role: "subject", born: day(row.born), dead: day(row.died_on) }];
}

/** The rows that this one points at: `[view, id]`. */
export const linksOf = (view, row) => [
  ...(view !== "household" && row.household ? [["household", row.household]] : []),
  ...(view !== "dwelling" && row.dwelling ? [["dwelling", row.dwelling]] : []),
];
