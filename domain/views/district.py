"""The district: the weather warnings for it, which it passes on to each of its grids."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.contributions import AboutGrid, GridThere, WarningTold
from domain.event import Event
from domain.facts import Fact, Statement, by_record, current, stated
from domain.order import latest
from domain.rows import replace
from domain.time import DAY
from domain.view import NOTHING, Bookkeeping, Contributions, View

SETTLED = DAY
"""A warning's end counts as passed once something was said that happened this much later: the door takes statements
that lie a day ahead, so one of them alone proves nothing."""


class Issued(NamedTuple):
    """A warning signal. `rainfall_mm` in millimetres; `until`: microseconds UTC, when it ends if nobody lifts it."""

    hazard: str
    level: str
    rainfall_mm: float | None
    until: int | None


@dataclass(frozen=True, slots=True)
class District:
    id: str
    issued: Fact[Issued] = ()
    lifted: Fact[bool] = ()
    grids: tuple[str, ...] = ()
    other: Fact[str] = ()
    bookkeeping: Bookkeeping = NOTHING

    @property
    def place(self) -> str:
        return f"district/{self.id}"

    def standing(self) -> Iterator[WarningTold]:
        """Each warning that nobody has lifted since it was issued and that has not long ended by itself."""
        newest = self.newest.occurred_at if self.newest else 0
        lifted = {(held.department, held.record): held.occurred_at for held in by_record(self.lifted)}
        for held in by_record(self.issued):
            at, said = lifted.get((held.department, held.record)), held.value
            if at is not None and at >= held.occurred_at:
                continue
            if said.until is None or newest < said.until + SETTLED:
                yield WarningTold(said.hazard, said.level, said.rainfall_mm, held.occurred_at, said.until, held.source)

    @property
    def newest(self) -> Statement[Any] | None:
        """What happened last of all that was said about warnings."""
        facts: tuple[Fact[Any], ...] = (self.issued, self.lifted)
        return latest(held for fact in facts if (held := current(fact)))


def merge(row: District, said: Event) -> District:
    """The district after `said`; order and repetition of events do not matter."""
    c = said.change
    match said.kind:
        case "WarningIssued":
            issued = Issued(c["hazard"], c["level"], c["rainfall_mm"], c["until"])
            row = replace(row, issued=stated(row.issued, said, issued))
        case "WarningLifted":
            row = replace(row, lifted=stated(row.lifted, said, True))
        case _:  # of a department that no fact here is for yet: seen, kept, corrected like every other
            row = replace(row, other=stated(row.other, said, said.topic))
    return row


def receive(row: District, source: str, said: GridThere | None) -> District:
    """The district once the grid `source` says that it is there; None: nothing is known of it any more."""
    at = bisect_left(row.grids, source)
    known = row.grids[at : at + 1] == (source,)
    if known == (said is not None):
        return row
    return replace(row, grids=(*row.grids[:at], *(() if said is None else (source,)), *row.grids[at + known :]))


def contribute(row: District) -> Contributions:
    """To each grid every standing warning. When the last was lifted, the grids are told so, with the statement."""
    newest = row.newest
    if newest is None or not row.grids:
        return {}
    said = AboutGrid(None, tuple(row.standing()), newest.source)
    return {"grid": dict.fromkeys(row.grids, said)}


VIEW = View(
    "district",
    subject="district",
    row=District,
    merge=merge,
    contribution=GridThere,
    receive=receive,
    contribute=contribute,
    contributes_to=frozenset({"grid"}),
    place=lambda row: row.place,
)
