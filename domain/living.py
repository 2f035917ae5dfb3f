"""Who lives in a dwelling: by person, not by number; and what lasts from one day to another.

The register's household is not asked: people live elsewhere than they are registered (人户分离). Counted are whoever is
registered or staying here and not dead, and the tenants of leases in force.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from domain.ages import ELDER_FROM_AGE, birthday
from domain.contributions import Occupancy
from domain.event import Source
from domain.keys import itself
from domain.time import midnight
from domain.views.dwelling import Dwelling, Tenancy


class Lasting(Protocol):
    """What holds from the day `effective_from` until the day `until` (not included; None: no end known)."""

    @property
    def effective_from(self) -> int: ...
    @property
    def until(self) -> int | None: ...


def holds(what: Lasting, now: int) -> bool:
    """Whether it does at `now` (microseconds UTC)."""
    return midnight(what.effective_from) <= now and (what.until is None or now < midnight(what.until))


def turns(lasting: Iterable[Lasting]) -> Iterator[int]:
    """The instants at which one of them begins or ends."""
    for what in lasting:
        yield midnight(what.effective_from)
        if what.until is not None:
            yield midnight(what.until)


class Person(NamedTuple):
    """Somebody who lives here since the instant `since`, by all the `numbers` that he is known to have. `occupancy`
    None: known as a tenant only. `source` says so."""

    numbers: frozenset[str]
    occupancy: Occupancy | None
    since: int
    source: Source


def people(home: Dwelling, now: int) -> list[Person]:
    """Whoever lives here at `now`, each person once."""
    here = [
        Person(frozenset((occupant.resident, *occupant.occupancy.also)), occupant.occupancy, source.occurred_at, source)
        for occupant in home.occupants
        if occupant.occupancy.died_on is None
        for source in (occupant.occupancy.source,)
    ]
    known = {number for occupant in home.occupants for number in (occupant.resident, *occupant.occupancy.also)}
    for lease in leases_in_force(home, now):
        for tenant in lease.tenants:
            if tenant not in known:
                known.add(tenant)
                since = midnight(lease.start)
                joined = (source.occurred_at for who, source in lease.joined if who == tenant)
                here.append(Person(frozenset((tenant,)), None, next(joined, since), lease.because[0]))
    return here


def alone(home: Dwelling, now: int) -> Occupancy | None:
    """The occupancy of whoever lives here alone; None if nobody does, or only a tenant of whom no more is known."""
    if (
        sum(occupant.occupancy.died_on is None for occupant in home.occupants) != 1
    ):  # most dwellings: nothing to compute
        return None
    here = people(home, now)
    return here[0].occupancy if len(here) == 1 else None


def perhaps_alone(home: Dwelling) -> Occupancy | None:
    """The occupancy of whoever lives here alone unless there are tenants: what may turn into `alone` by time."""
    living = [occupant.occupancy for occupant in home.occupants if occupant.occupancy.died_on is None]
    return living[0] if len(living) == 1 else None


def leases_in_force(home: Dwelling, now: int) -> list[Tenancy]:
    return [lease for lease in home.tenancies() if lease.in_force(now)] if home.leases else []


def elder_from(born: int) -> int:
    """The instant at which somebody born on the day `born` is an elder."""
    return midnight(birthday(born, ELDER_FROM_AGE))


def next_of(instants: Iterable[int], now: int) -> int | None:
    """The first of `instants` after `now`."""
    return min((instant for instant in instants if instant > now), key=itself, default=None)
