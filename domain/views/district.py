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
            lifted_at, warning = lifted.get((held.department, held.record)), held.value
            if lifted_at is not None and lifted_at >= held.occurred_at:
                continue
            if warning.until is None or newest < warning.until + SETTLED:
                yield WarningTold(
                    warning.hazard, warning.level, warning.rainfall_mm, held.occurred_at, warning.until, held.source
                )

    @property
    def newest(self) -> Statement[Any] | None:
        """What happened last of all that was said about warnings."""
        facts: tuple[Fact[Any], ...] = (self.issued, self.lifted)
        return latest(held for fact in facts if (held := current(fact)))


def merge(row: District, event: Event) -> District:
    """The district after `event`; order and repetition of events do not matter."""
    c = event.change
    match event.kind:
        case "WarningIssued":
            issued = Issued(c["hazard"], c["level"], c["rainfall_mm"], c["until"])
            row = replace(row, issued=stated(row.issued, event, issued))
        case "WarningLifted":
            row = replace(row, lifted=stated(row.lifted, event, True))
        case _:  # of a department that no fact here is for yet: seen, kept, corrected like every other
            row = replace(row, other=stated(row.other, event, event.topic))
    return row


def receive(row: District, source: str, there: GridThere | None) -> District:
    """The district once the grid `source` says that it is there; None: nothing is known of it any more."""
    place = bisect_left(row.grids, source)
    known = row.grids[place : place + 1] == (source,)
    if known == (there is not None):
        return row
    return replace(row, grids=(*row.grids[:place], *(() if there is None else (source,)), *row.grids[place + known :]))


def contribute(row: District) -> Contributions:
    """To each grid every standing warning. When the last was lifted, the grids are told so, with the statement."""
    newest = row.newest
    if newest is None or not row.grids:
        return {}
    warned = AboutGrid(None, tuple(row.standing()), newest.source)
    return {"grid": dict.fromkeys(row.grids, warned)}


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
