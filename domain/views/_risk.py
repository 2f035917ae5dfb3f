"""Why a dwelling is to be visited when the weather turns, as its grid is told: by days, so that no clock is needed.

Who counts: docs/decisions/0014-warnings-and-companies.md
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING

from domain.ages import ELDER_FROM_AGE, birthday
from domain.contributions import AboutGrid, DoorAtRisk, Occupancy, Vulnerable
from domain.facts import current
from domain.keys import itself
from domain.order import ordered

if TYPE_CHECKING:
    from domain.views.dwelling import Dwelling

DANGEROUS = ("C", "D")
"""Grades of JGJ 125: parts are dangerous; the whole building is."""
ILL = ("severe_mental", "serious_illness")
GRAVELY_DISABLED = 2
"""Levels 1 and 2 of four."""


def at_risk(home: Dwelling) -> AboutGrid | None:
    """What the dwelling tells its grid; None: nothing there is at risk."""
    appraised, reinforced = current(home.grades), current(home.reinforcements)
    graded = appraised if appraised is not None and appraised.value.grade in DANGEROUS else None
    if reinforced is not None and graded is None and appraised is not None:
        # found safe since: the reinforcement no longer tells of a dangerous house
        reinforced = reinforced if appraised.occurred_at < reinforced.occurred_at else None
    vulnerable = tuple(sorted(_vulnerable(home), key=ordered))
    house = [held.source for held in (graded, reinforced) if held is not None]
    if not house and not vulnerable:
        return None
    door = DoorAtRisk(
        home.address,
        graded.value.grade if graded else None,
        graded.source if graded else None,
        reinforced.source if reinforced else None,
        vulnerable,
    )
    return AboutGrid(door, (), max((*house, *(person.source for person in vulnerable)), key=attrgetter("happened")))


def _vulnerable(home: Dwelling) -> Iterator[Vulnerable]:
    living = [occupant for occupant in home.occupants if occupant.occupancy.died_on is None]
    for _, occupancy in living:
        for condition in occupancy.conditions:
            if condition.condition in ILL:
                yield Vulnerable(condition.condition, condition.effective_from, condition.until, condition.source)
        for card in occupancy.disabilities:
            if card.level <= GRAVELY_DISABLED:
                yield Vulnerable("disabled", card.effective_from, card.until, card.source)
    if len(living) == 1:
        yield from _elder_alone(home, living[0].occupancy)


def _elder_alone(home: Dwelling, occupancy: Occupancy) -> Iterator[Vulnerable]:
    """The days on which the only one registered or staying here is an elder and no tenant shares the dwelling."""
    if occupancy.born is None:
        return
    known = {number for occupant in home.occupants for number in (occupant.resident, *occupant.occupancy.also)}
    shared = [
        (lease.start, lease.until)
        for lease in (home.tenancies() if home.leases else ())
        if not known.issuperset(lease.tenants)
    ]
    begins: int | None = birthday(occupancy.born, ELDER_FROM_AGE)
    for start, until in sorted(shared, key=ordered):
        if begins is None or (until is not None and until <= max(begins, start, key=itself)):
            continue
        if start > begins:
            yield Vulnerable("elder_alone", begins, start, occupancy.source)
        begins = until
    if begins is not None:
        yield Vulnerable("elder_alone", begins, None, occupancy.source)
