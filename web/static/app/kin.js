// Who belongs to a row: `{id, name, role, born, dead}` each, for the diagram.

import { day, short } from "./facts.js";
import { isMasked } from "./masked.js";

/** Each id once; masked ones cannot be told apart, so each of them counts. */
const onceEach = (ids) => ids.filter((id, i) => id && (isMasked(id) || ids.indexOf(id) === i));
const holding = (fact) => (fact ?? []).filter((statement) => !statement.withdrawn).map((statement) => statement.value);
const newest = (fact) =>
  (fact ?? []).filter((statement) => !statement.withdrawn).sort((a, b) => (b.occurred_at > a.occurred_at ? 1 : -1))[0]
    ?.value;

/** Those of `ids` that are not `known` yet, in this role; they are known from then on. */
function others(ids, role, known) {
  const strangers = onceEach(ids).filter((id) => isMasked(id) || !known.has(id));
  for (const id of strangers) known.add(id);
  return strangers.map((id) => ({ id, name: short(id), role }));
}

function ofHousehold(row) {
  return (row.members ?? []).map(({ resident, membership: m }) => ({
    id: resident,
    name: m.name ?? short(resident),
    role: isMasked(m.relation) ? "member" : (m.relation ?? "member"),
    born: day(m.born),
    dead: day(m.died_on),
  }));
}

function ofDwelling(row) {
  const registered = (row.occupants ?? []).map(({ resident, occupancy: o }) => ({
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

function ofResident(row) {
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

const ofCompany = (row) => others([row.legal_representative], "legal_representative", new Set());

const OF = { household: ofHousehold, dwelling: ofDwelling, resident: ofResident, legal_person: ofCompany };

export const peopleOf = (view, row) => OF[view]?.(row) ?? [];
