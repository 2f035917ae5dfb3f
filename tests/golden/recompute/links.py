"""Which numbers are one person's: the closure of the standing links, computed over the whole graph at once."""

from typing import NamedTuple

from tests.golden.recompute.standing import Facts, Plain, last, unread
from tests.golden.recompute.ties import happened, recorded


class Number(NamedTuple):
    """A number once links are followed. `linked`: what is known of those that lead to it, `path` from theirs on;
    `facts`: its own and theirs as if stated of one number; `joined_to`: where the person is found, None: here."""

    facts: Facts
    linked: list[Plain]
    joined_to: str | None


def followed(facts: dict[str, Facts], of_resident: set[str]) -> dict[str, Number]:
    """Every number of which something is stated, or to which a link leads."""
    links = {
        number: link
        for number, of in facts.items()
        if (link := last(of, "links")) is not None and link["value"] != number
    }
    leads = {number: link["value"] for number, link in links.items()}
    for number in list(leads):
        ring = _ring(leads, number)
        if ring:
            of_ring = [links[number] for number in ring]
            newest = max(ring, key=lambda number: happened(links[number], of_ring))
            del leads[leads[newest]]
    said_of_people = {*of_resident, unread("resident")}
    numbers = {number for number, of in facts.items() if of.keys() & said_of_people} | {*leads.values()}
    numbers |= {link["value"] for link in links.values()}
    linked: dict[str, list[Plain]] = {number: [] for number in numbers}
    for number in numbers:
        path, own = [number], {fact: facts.get(number, {}).get(fact, []) for fact in of_resident}
        while path[-1] in leads:
            here = leads[path[-1]]
            linked[here].append({"path": list(path), "facts": {"id": number} | own})
            path.append(here)
    for entries in linked.values():
        entries.sort(key=lambda entry: entry["path"])
    return {
        number: Number(_as_one(number, facts.get(number, {}), linked[number]), linked[number], leads.get(number))
        for number in numbers
    }


def _ring(leads: dict[str, str], start: str) -> list[str]:
    """The numbers of the ring on which `start` lies, if it lies on one."""
    walked = [start]
    while (step := leads.get(walked[-1])) is not None and step not in walked:
        walked.append(step)
    return walked if step == start else []


def _as_one(number: str, own: Facts, linked: list[Plain]) -> Facts:
    if not linked:
        return own
    names = {number, *(entry["facts"]["id"] for entry in linked)}
    everything = [own, *(entry["facts"] for entry in linked)]
    person: Facts = {}
    for fact in {fact for of in everything for fact in of} - {"id"}:
        statements = sorted((s for of in everything for s in of.get(fact, ())), key=recorded)
        by_slot = {(s["department"], s["record"], s["kind"]): s for s in statements}
        if by_slot:
            person[fact] = [by_slot[slot] for slot in sorted(by_slot)]
    if "vehicles" in person:
        person["vehicles"] = [
            s | {"value": s["value"] | {"owned": s["value"]["owner"] in names}} for s in person["vehicles"]
        ]
    return person
