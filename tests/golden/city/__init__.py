"""The golden city: every change of a made-up city, the same for the same seed, with all that makes merging hard.

It holds corrections, withdrawals (also recorded before what they withdraw, and taken back by a restatement), ties of
both times, transfers that were said to one owner only, tenants who joined before the lease was written, grids that
were redrawn, collective households, departments that disagree, benefits that begin or end after the last event.

One module a group of departments: it exports `tell(town)`, which says everything once, and stands in `PARTS`. The sizes
leave room for second thoughts; a part says about one statement a resident at most, and so does not crowd them out.
"""

import random

from tests.golden.city import (
    alone,
    bracelets,
    companies,
    doors,
    dwellings,
    grids,
    links,
    newcomers,
    newly_added,
    offices,
    people,
)
from tests.golden.city.said import DAY, LAST, LIVE_SINCE, NOW, SECOND, Said, identity_number
from tests.golden.city.second_thoughts import second_thoughts
from tests.golden.city.town import Town

__all__ = [
    "DAY",
    "LAST",
    "LIVE_SINCE",
    "NOW",
    "SECOND",
    "SMALL",
    "SMALLER",
    "WHOLE",
    "Said",
    "golden_city",
    "identity_number",
]

PARTS = (dwellings, people, bracelets, doors, grids, companies, alone, newcomers, offices, links, newly_added)


WHOLE = (3_000, 50_000)
"""Residents and statements of the golden city as it is compared in full."""
SMALLER = (600, 9_600)
"""For the variants in which something dies: two cores are to see many of them."""
SMALL = (400, 6_400)


def golden_city(seed: int = 3, residents: int = WHOLE[0], events: int = WHOLE[1]) -> list[Said]:
    """`events` different statements about `residents` people and their dwellings, as recorded one after another.

    Raises ValueError if the people alone need more statements than that (seven a person and more).
    """
    town = Town(seed, residents)
    for part in PARTS:
        town.random = random.Random(f"{seed} {part.__name__}")
        part.tell(town)
    said = dict(town.said)
    if len(said) > events:
        raise ValueError(
            f"{residents} residents make {len(said)} statements already; ask for more events than {events}"
        )
    town.random = random.Random(f"{seed} second thoughts")
    said |= second_thoughts(town, list(said.values()), events - len(said))
    return sorted(said.values(), key=lambda each: (each.recorded_at, each.event_id))
