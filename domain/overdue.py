"""When what was stated has ended: from then on counts for how long it may be kept.

A row keeps what lasts, however old: an end that is corrected late could not bring back what was forgotten
(docs/decisions/0031-retention.md). So what is kept for too long is counted, and waits for whole subjects' compaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from domain.facts import Statement
from domain.keys import itself
from domain.order import LIVES, in_order
from domain.order import ends as is_end
from domain.retention import Kept
from domain.time import midnight

OF_A_PERIOD = frozenset(
    {
        "Arrears", "CompanyArrears", "CompanyTaxReturn", "ContributionArrears", "ContributionPaid", "Deposited",
        "Inspected", "TaxReturn",
    }
)  # fmt: skip
"""Kinds that state what was so in a period: over when they are stated. All other kinds state what lasts."""

ONE_AT_A_TIME = (
    frozenset({"Birth", "MovedIn", "Address", "MovedOut"}),
    frozenset({"Arrived", "Moved", "Left"}),
    frozenset({"Married", "Divorced"}),
    frozenset({"ServiceRegistered", "ServiceEnded"}),
    *map(frozenset, (["Contact"], ["DwellingRegistered"], ["Graded"], ["Reinforced"], ["TaxRegistered"])),
    *map(frozenset, (["AddressChanged"], ["RepresentativeChanged"], ["CompanyTaxRegistered"], ["EmployerInsured"])),
)
"""Kinds of which a subject has one at a time: the next ends what stood before, whatever its record."""

ENDS_THE_SUBJECT = frozenset({"Death", "Deregistered"})
UNTIL = ("until", "lasts_until")
_A_DAY_AT_MOST = 1_000_000
"""A greater number is an instant, not a day."""

_ONE = {kind: number for number, kinds in enumerate(ONE_AT_A_TIME) for kind in kinds}
_LIFE = {kind: number for number, life in enumerate(LIVES) for group in life for kind in group}


def ended(statements: Iterable[Statement[Any]]) -> Iterator[tuple[Statement[Any], int | None]]:
    """Each statement of one subject, once, with the instant at which what it states ended; None: it holds still, or
    nobody said that it ended. A withdrawn one ended with the withdrawal. Values may be the fields of a JSON object."""
    until: dict[tuple[str, str, str], int | None] = {}
    by_slot: dict[tuple[str, str, str], Statement[Any]] = {}
    for statement in statements:  # one event makes several facts
        by_slot[statement[:3]] = statement
        until[statement[:3]] = _until(statement) if until.get(statement[:3]) is None else until[statement[:3]]
    standing = [statement for statement in by_slot.values() if not statement.withdrawn]
    over = [statement.occurred_at for statement in standing if statement.kind in ENDS_THE_SUBJECT]
    subject_ended = max(over, key=itself, default=None)
    for statement in by_slot.values():
        if statement.withdrawn:
            yield statement, statement.recorded_at
    groups: dict[tuple[object, ...], list[Statement[Any]]] = defaultdict(list)
    for statement in standing:
        groups[_group(statement)].append(statement)
    for group, some in groups.items():
        ordered = in_order(some)
        own = _own_end(ordered, until)
        for place, statement in enumerate(ordered):
            end = own
            if statement.kind in OF_A_PERIOD or statement.kind in ENDS_THE_SUBJECT:
                end = statement.occurred_at
            elif group[0] == "one" and place + 1 < len(ordered):
                end = ordered[place + 1].occurred_at
            if subject_ended is not None and (end is None or end > subject_ended):
                end = max(subject_ended, statement.occurred_at, key=itself)
            yield statement, end


def overdue(statements: Iterable[Statement[Any]], kept: Mapping[str, Kept], now: int) -> Iterator[Statement[Any]]:
    """The statements of one subject that are older at `now` (microseconds UTC) than may be kept. `kept`: by kind; what
    is not in it is kept for ever."""
    for statement, end in ended(statements):
        length = kept.get(statement.kind)
        if end is not None and length is not None and length.until(end) <= now:
            yield statement


def _group(statement: Statement[Any]) -> tuple[object, ...]:
    one = _ONE.get(statement.kind)
    if one is not None:
        return "one", one
    return "record", _LIFE.get(statement.kind, statement.kind), statement.department, statement.record


def _own_end(ordered: list[Statement[Any]], until: Mapping[tuple[str, str, str], int | None]) -> int | None:
    """When the last of a group says that it ends; a lease runs until the day of its last renewal."""
    last = ordered[-1]
    if is_end(last.kind) or _field(last.value, "owned") is False:
        return last.occurred_at
    return next((end for statement in reversed(ordered) if (end := until[statement[:3]]) is not None), None)


def _until(statement: Statement[Any]) -> int | None:
    """The instant until which the statement says that it holds."""
    stated = [statement.value] if statement.kind == "Renewed" else [_field(statement.value, name) for name in UNTIL]
    number = next((value for value in stated if isinstance(value, int)), None)
    return number if number is None or abs(number) > _A_DAY_AT_MOST else midnight(number)


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)
