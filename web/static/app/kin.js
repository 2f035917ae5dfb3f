// Who belongs to a row: `{id, name, role, born, dead}` each, for the diagram.

import { day, short } from "./facts.js";
import { isMasked } from "./masked.js";

/** Each id once; masked ones cannot be told apart, so each of them counts. */
const onceEach = (/** @type {string[]} */ ids) => ids.filter((id, i) => id && (isMasked(id) || ids.indexOf(id) === i));
/** A fact as a row has it: its statements, whose values differ by kind. @typedef {City.Statement[] | undefined} Fact */
const holding = (/** @type {Fact} */ fact) =>
  (fact ?? []).filter((statement) => !statement.withdrawn).map((statement) => statement.value);
const newest = (/** @type {Fact} */ fact) =>
  (fact ?? []).filter((statement) => !statement.withdrawn).sort((a, b) => (b.occurred_at > a.occurred_at ? 1 : -1))[0]
    ?.value;

/** Those of `ids` that are not `known` yet, in this role; they are known from then on. */
function others(/** @type {string[]} */ ids, /** @type {string} */ role, /** @type {Set<string>} */ known) {
  const strangers = onceEach(ids).filter((id) => isMasked(id) || !known.has(id));
  for (const id of strangers) known.add(id);
  return strangers.map((id) => ({ id, name: short(id), role }));
}

function ofHousehold(/** @type {City.AnyRow} */ row) {
  return (row.members ?? []).map((/** @type {City.AnyRow} */ { resident, membership: m }) => ({
    id: resident,
    name: m.name ?? short(resident),
    role: isMasked(m.relation) ? "member" : (m.relation ?? "member"),
    born: day(m.born),
    dead: day(m.died_on),
  }));
}

function ofDwelling(/** @type {City.AnyRow} */ row) {
  /** @type {City.Kin[]} */
  const registered = (row.occupants ?? []).map((/** @type {City.AnyRow} */ { resident, occupancy: o }) => ({
    id: resident,
    name: short(resident),
    role: "occupant",
    born: day(o.born),
    dead: day(o.died_on),
  }));
  const leases = holding(row.leases);
  const known = new Set(registered.map((one) => one.id));
  return [
    ...registered,
    ...others(
      leases.flatMap((lease) => lease?.tenants ?? []),
      "tenant",
      known,
    ),
    ...others(
      leases.map((lease) => lease?.landlord),
      "landlord",
      known,
    ),
    ...others(
      holding(row.ownership).flatMap((deed) => deed?.owners ?? []),
      "owner",
      known,
    ),
  ];
}

function ofResident(/** @type {City.AnyRow} */ row) {
  const known = new Set([row.id]);
  const person = holding(row.person);
  return [
    ...others(
      [newest(row.marriage)].filter((one) => one?.married).map((one) => one.spouse),
      "spouse",
      known,
    ),
    ...others(
      person.map((one) => one?.mother),
      "mother",
      known,
    ),
    ...others(
      person.map((one) => one?.father),
      "father",
      known,
    ),
    ...holding(row.kinship).flatMap((one) =>
      others([one?.relative], isMasked(one?.relation) ? "member" : (one?.relation ?? "member"), known),
    ),
  ];
}

const ofCompany = (/** @type {City.AnyRow} */ row) =>
  others([row.legal_representative], "legal_representative", new Set());

/** @type {Record<string, (row: City.AnyRow) => City.Kin[]>} */
const OF = { household: ofHousehold, dwelling: ofDwelling, resident: ofResident, legal_person: ofCompany };

export const peopleOf = (/** @type {string} */ view, /** @type {City.AnyRow} */ row) => OF[view]?.(row) ?? [];
