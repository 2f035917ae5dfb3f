"""What the golden city must come to, computed in one go from the list of all events: the answer to compare with.

Deliberately apart from `domain/`: nothing is imported from it, nothing is merged event by event. The whole list is
sorted and grouped, and each published field is written down once more by its definition (docs/architecture.md,
docs/decisions/0003-facts.md and 0006-stage-step.md). Rule data is repeated here as data.

One module a view (its `STATES`, `REFINES` and row) and one a group of rules (`findings(world)`, in `RULES`; their names
in `RECOMPUTED`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from tests.golden.recompute import benefits, buttons, doors, lettings, permits_and_schools, warnings
from tests.golden.recompute import company as companies
from tests.golden.recompute import dwelling as dwellings
from tests.golden.recompute import grid as grids
from tests.golden.recompute import resident as residents
from tests.golden.recompute.company import OF_COMPANY, company
from tests.golden.recompute.dwelling import OF_DWELLING, dwelling
from tests.golden.recompute.finding import World, local_day, years_on
from tests.golden.recompute.grid import grids_and_districts
from tests.golden.recompute.household import household
from tests.golden.recompute.links import Number, followed
from tests.golden.recompute.resident import OF_RESIDENT, resident, said_of_homes
from tests.golden.recompute.risk import doors_at_risk
from tests.golden.recompute.standing import Facts, Plain, Stated, States, one, standing, unread
from wire.contracts import contracts

READ: States = {**residents.STATES, **dwellings.STATES, **grids.STATES, **companies.STATES}
UNREAD: States = {
    kind: {unread(contract.subject): one("topic")} for contract in contracts().values() for kind in contract.kinds
}
STATES: States = {**UNREAD, **READ}
REFINES = {**dwellings.REFINES}
ONE_SUBJECT = {(contract.department, kind) for contract in contracts().values() for kind in contract.one_subject}
KEPT = {**residents.KEPT, **dwellings.KEPT}
UNREAD_FACTS = {unread(contract.subject) for contract in contracts().values()}
MOMENTS = {
    topic: (contract.kept.years, contract.kept.days)
    for topic, contract in contracts().items()
    if contract.momentary and contract.kept is not None
}
"""Of what stands in no fact of its own the topics that are kept for a while only."""
RULES = (benefits, buttons, doors, lettings, permits_and_schools, warnings)
RECOMPUTED = frozenset(
    {
        "benefit-for-dead", "button-doctor", "button-housekeeper", "button-sos", "car-and-benefit",
        "child-not-enrolled", "elder-alone", "elder-silent", "facility-danger", "facility-hazard", "low-income-visit",
        "new-tenant", "newly-let", "over-occupied", "permit-ending", "public-report", "revoked-but-filing",
        "serious-illness", "severe-mental-alone", "stranger-swipes", "unseen-registered", "warned-door",
    }
)  # fmt: skip
"""The rules whose findings are written down here. A rule that is not among them has the laws and its own story only."""
NEEDS = {
    "child-not-enrolled": {"education.enrolment"},
    "elder-silent": {"door-access.swipe"},
    "permit-ending": {"migration.residence"},
    "stranger-swipes": {"housing.tenancy", "migration.residence", "police.household-registration"},
    "unseen-registered": {"door-access.swipe"},
}
"""Rule → the topics on whose silence its findings rest."""


class Answer(NamedTuple):
    """`rows`: view → subject → the row as published, without its bookkeeping. `alerts`: (rule, subject, cause) → what
    an open or held alert says; `state` is `open`, `held` or `unknown`."""

    rows: dict[str, dict[str, Plain]]
    alerts: dict[tuple[str, str, str], Plain]


def recompute(
    events: Iterable[Stated],
    now: int,
    live_since: int = 0,
    quiet: Iterable[str] = (),
    in_use: Collection[str] | None = None,
) -> Answer:
    """Rows and standing alerts of the set of `events` at the instant `now` (microseconds UTC), while the topics `quiet`
    are. `in_use`: the names of the installation's rules, None: all."""
    facts = standing(events, STATES, REFINES, ONE_SUBJECT)
    _expire(facts, local_day(now))
    numbers = followed(facts, OF_RESIDENT)
    people = {number for number, entry in numbers.items() if entry.joined_to is None}
    rows = _rows(facts, numbers)
    facts |= {number: numbers[number].facts for number in people}
    judged = rows | {"resident": {number: rows["resident"][number] for number in people}}
    world = World(facts, judged, now, local_day(now))
    by_key: dict[tuple[str, str, str], Plain] = {}
    for key, alert in (entry for rules in RULES for entry in rules.findings(world)):
        if (other := by_key.setdefault(key, alert)) is not alert:  # one finding that rests on both
            other["because"] |= alert["because"]
            other["newest"] = max(other["newest"], alert["newest"])
    alerts = {key: alert for key, alert in by_key.items() if in_use is None or key[0] in in_use}
    silent = set(quiet)
    for (rule, *_), alert in alerts.items():
        known = "open" if alert.pop("newest") >= live_since else "held"
        alert["state"] = "unknown" if NEEDS.get(rule, set()) & silent else known
    return Answer(rows, alerts)


def surviving(events: Iterable[Stated]) -> set[str]:
    """The ids of the events that no newer statement of the same record and kind replaces."""
    facts = standing(events, STATES, REFINES)
    return {stated["event_id"] for of in facts.values() for statements in of.values() for stated in statements}


def _expire(facts: dict[str, Facts], today: int) -> None:
    """Take out what is kept for a while only."""
    for of in facts.values():
        for fact, length in KEPT.items():
            if kept := [s for s in of.get(fact, ()) if _kept(s, length, today)]:
                of[fact] = kept
            else:
                of.pop(fact, None)
        for fact in UNREAD_FACTS & of.keys():
            if kept := [s for s in of[fact] if s["value"] not in MOMENTS or _kept(s, MOMENTS[s["value"]], today)]:
                of[fact] = kept
            else:
                del of[fact]


def _kept(stated: Plain, length: tuple[int, int], today: int) -> bool:
    years, days = length
    return years_on(local_day(stated["recorded_at"]), years) + days > today


def _rows(facts: dict[str, Facts], numbers: dict[str, Number]) -> dict[str, dict[str, Plain]]:
    people = {number: resident(number, facts.get(number, {}), entry) for number, entry in numbers.items()}
    members: dict[str, dict[str, Plain]] = defaultdict(dict)
    occupants: dict[str, dict[str, Plain]] = defaultdict(dict)
    for number, row in people.items():
        if row["joined_to"] is not None:
            continue
        home = said_of_homes(numbers[number].facts, row)
        if home.household is not None and home.membership is not None:
            members[home.household][number] = home.membership
        for place, occupancy in home.occupancies.items():
            occupants[place][number] = occupancy
    places = {s for s, of in facts.items() if of.keys() & {*OF_DWELLING, unread("dwelling")}} | occupants.keys()
    dwelling_rows = {number: dwelling(number, facts.get(number, {}), occupants[number]) for number in places}
    of_company = {*OF_COMPANY, unread("legal-person")}
    grid_rows, district_rows = grids_and_districts(facts, doors_at_risk(facts, dwelling_rows))
    return {
        "resident": people,
        "household": {number: household(number, home) for number, home in members.items()},
        "dwelling": dwelling_rows,
        "grid": grid_rows,
        "district": district_rows,
        "legal_person": {s: company(s, of) for s, of in facts.items() if of.keys() & of_company},
    }
