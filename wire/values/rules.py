"""What a value must be to be believed, as the contract states it beside the field; every door holds to it.

| attribute | of | means |
|---|---|---|
| `at_least`, `at_most`, `above` | a number | between these |
| `not_before`, `after` | a day | another field of the kind, or `birth`: what the subject's number states |
| `after` | a time | `occurred_at` |
| `not_after` | a day | `recorded_at`, whose day it may exceed by one |
| `within` | a double | `city`: a longitude or latitude in or near the city |
| `otherwise` | any of them | `unknown`: a value that cannot be becomes null (default: the statement is refused) |

0/0 is where devices are that do not know where they are, and exchanged coordinates lie outside the city: `within` finds
both.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from wire.schema import DAY, Field, Primitive, Record

#: Degrees WGS 84 around Guangzhou (112.95–114.06 E, 22.54–23.94 N) with a margin for buildings on its edges.
LONGITUDES: Final = (112.8, 114.2)
LATITUDES: Final = (22.4, 24.1)
#: The city's day begins eight hours before that of UTC.
CITY_OFFSET: Final = 8 * 3_600_000_000
NUMBERS: Final = ("at_least", "at_most", "above")
DAYS_OF: Final = ("not_before", "after", "not_after")
BIRTH: Final = "birth"
RECORDED: Final = "recorded_at"
OCCURRED: Final = "occurred_at"


class Implausible(ValueError):
    """A value cannot be; `field` is whose, the message says what it must be, without it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class Context(NamedTuple):
    """What a rule may look at besides the field's own value: times in microseconds, days since 1970-01-01."""

    change: Mapping[str, Any]
    occurred_at: int
    recorded_at: int
    birth: int | None = None

    @property
    def recorded_day(self) -> int:
        return (self.recorded_at + CITY_OFFSET) // DAY


Check = Callable[[Any, Context], str | None]
"""A value and its statement → what is wrong, or None."""


@dataclass(frozen=True)
class FieldRule:
    """The rules of one field. `unknown`: a value that breaks one becomes null."""

    field: str
    check: Check
    unknown: bool


def rules_of(kind: Record) -> tuple[FieldRule, ...]:
    """The rules that a kind's fields state."""
    return tuple(
        FieldRule(field.name, _all(list(_checks(field))), field.rules.get("otherwise") == "unknown")
        for field in kind.fields
        if field.rules
    )


def hold(rules: tuple[FieldRule, ...], context: Context, change: dict[str, Any]) -> None:
    """Raises Implausible for the first value of `change` that breaks a rule; one that may be unknown becomes null, and
    with a longitude its latitude."""
    for rule in rules:
        value = change.get(rule.field)
        if value is None:
            continue
        wrong = rule.check(value, context)
        if wrong is None:
            continue
        if not rule.unknown:
            raise Implausible(rule.field, wrong)
        change[rule.field] = None
    if "lon" in change and "lat" in change and (change["lon"] is None or change["lat"] is None):
        change["lon"] = change["lat"] = None


def wrong_rule(field: Field, kind: Record) -> str | None:
    """What is wrong with the rules that a contract states, for the person who wrote it; None: nothing."""
    for name, value in field.rules.items():
        if name in NUMBERS and (type(value) not in (int, float) or not _is_number(field)):
            return f"has '{name}', which is a number beside a field that holds a number"
        if name == "after" and value == OCCURRED and _is_time(field):
            continue
        if name in DAYS_OF and not _is_day(field):
            return f"has '{name}', which is for a day"
        if name in ("not_before", "after") and value != BIRTH and not _is_day(kind.by_name.get(value)):
            return f"has '{name}': {value!r}; it must be {BIRTH} or another day of the kind"
        if name == "not_after" and value != RECORDED:
            return f"has 'not_after': {value!r}; it must be {RECORDED}"
        if name == "within" and (value != "city" or field.name not in ("lon", "lat")):
            return "has 'within', which is city beside lon or lat"
        if name == "otherwise" and (value != "unknown" or not field.optional):
            return "has 'otherwise', which is unknown beside a field that may be null"
    return None


def _is_number(field: Field) -> bool:
    return isinstance(field.inner, Primitive) and field.inner.name in ("int", "long", "double") and not _is_day(field)


def _is_day(field: Field | None) -> bool:
    return field is not None and isinstance(field.inner, Primitive) and field.inner.is_date


def _is_time(field: Field) -> bool:
    return isinstance(field.inner, Primitive) and field.inner.is_time


def _all(checks: list[Check]) -> Check:
    if len(checks) == 1:
        return checks[0]

    def check(value: Any, context: Context) -> str | None:
        return next((wrong for one in checks if (wrong := one(value, context))), None)

    return check


def _checks(field: Field) -> list[Check]:
    checks: list[Check] = []
    for name, bound in field.rules.items():
        match name:
            case "at_least" | "at_most" | "above":
                checks.append(_bounded(name, bound))
            case "not_before" | "after":
                checks.append(_after(bound, strictly=name == "after"))
            case "not_after":
                checks.append(_recorded_already)
            case "within":
                checks.append(_within(*(LONGITUDES if field.name == "lon" else LATITUDES)))
    return checks


def _bounded(name: str, bound: float) -> Check:
    fits = {"at_least": operator.ge, "at_most": operator.le, "above": operator.gt}[name]
    reason = f"must be {name.replace('_', ' ')} {bound}"

    def check(value: Any, _: Context) -> str | None:
        return None if fits(value, bound) else reason

    return check


def _recorded_already(value: Any, context: Context) -> str | None:
    return "lies after the day on which it was recorded" if value > context.recorded_day + 1 else None


def _after(other: str, *, strictly: bool) -> Check:
    def check(value: Any, context: Context) -> str | None:
        start = _start(other, context)
        if start is None or value > start or (value == start and not strictly):
            return None
        if other == BIRTH:
            return "lies before the birth that the person's number states"
        return f"lies before '{other}': an end comes after its beginning" if strictly else f"lies before '{other}'"

    return check


def _start(other: str, context: Context) -> int | None:
    match other:
        case "birth":
            return context.birth
        case "occurred_at":
            return context.occurred_at
    value: int | None = context.change.get(other)
    return value


def _within(west: float, east: float) -> Check:
    def check(value: Any, _: Context) -> str | None:
        if west <= value <= east:
            return None
        return f"lies outside the city ({west} to {east}): are longitude and latitude exchanged, or not known?"

    return check
