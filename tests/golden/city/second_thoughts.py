"""What makes merging hard: statements corrected, withdrawn, restated, in any order of their being recorded."""

from tests.golden.city.said import DAY, LAST, SECOND, Said, is_taken
from tests.golden.city.town import Town


def second_thoughts(town: Town, first: list[Said], count: int) -> dict[str, Said]:
    """`count` corrections and withdrawals of what was said first, and of one another."""
    alike: dict[str, list[Said]] = {}
    for said in first:
        alike.setdefault(said.kind, []).append(said)
    made: dict[str, Said] = {}
    known = list(first)
    while len(made) < count:
        said = town.random.choice(known)
        again = withdrawn(town, said) if town.some(0.33) else corrected(town, said, alike[said.kind])
        again = again._replace(sequence=(None, 0, 2, 1)[len(made) % 4])
        if again.event_id not in town.said and is_taken(again):
            made[again.event_id] = town.said[again.event_id] = again
            known.append(again)
    return made


def corrected(town: Town, said: Said, alike: list[Said]) -> Said:
    """The record restated: one field as in another statement of the kind, sometimes at another time."""
    change = said.change
    if change:  # some kinds have no fields
        name = town.random.choice(sorted(change))
        change = change | {name: town.random.choice(alike).change[name]}
    moved = town.random.choice((0, 0, 0, -DAY, 5 * DAY, -400 * DAY))
    occurred = min(said.occurred_at + moved, LAST * DAY)
    return said.renewed(change=change, occurred_at=occurred, recorded_at=later(town, said), withdrawn=False)


def withdrawn(town: Town, said: Said) -> Said:
    return said.renewed(withdrawn=not said.withdrawn or town.some(0.3), recorded_at=later(town, said))


def later(town: Town, said: Said) -> int:
    """Mostly later; now and then at the same instant, or before the statement that it is about."""
    return said.recorded_at + town.random.choice((0, 1, 3_600 * SECOND, DAY, DAY, 30 * DAY, -DAY))
