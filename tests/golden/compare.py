"""Rows and alerts of the running system, in the shape in which `recompute` gives its answer."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import zip_longest
from typing import Any

from tests.golden.recompute import RECOMPUTED

Plain = dict[str, Any]
BOOKKEEPING = "bookkeeping"
"""What a row remembers of its own outputs: it tells of the way there, so two right runs may differ in it."""


def plain(value: Any) -> Any:
    """`value` without classes: a record is a dict, a tuple a list."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "_fields"):
        return {name: plain(getattr(value, name)) for name in value._fields}
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def published(row: Any, names: Iterable[str]) -> Plain:
    """The published form of a view's row: the fields of its schema, derived ones too."""
    return {name: plain(getattr(row, name)) for name in names if name != BOOKKEEPING}


def as_numbers(given: Any, wanted: Any) -> Any:
    """A row as PostgreSQL's JSON tells it, with a number for each day and instant where `wanted` has a number."""
    if isinstance(given, dict):
        inside = wanted if isinstance(wanted, dict) else {}
        return {name: as_numbers(item, inside.get(name)) for name, item in given.items()}
    if isinstance(given, list):
        beside = wanted if isinstance(wanted, list) else []
        return [as_numbers(item, other) for item, other in zip_longest(given, beside[: len(given)])]
    if isinstance(given, str) and isinstance(wanted, int):
        if len(given) == len("2026-01-31"):
            return (date.fromisoformat(given) - date(1970, 1, 1)).days
        return (datetime.fromisoformat(given) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return given


def empty(row: Plain) -> bool:
    """Whether nothing is said of the subject (any more): that such a row exists tells only of the way there."""
    return not any(row[name] for name in row if name != "id" and isinstance(row[name], list))


def differences(got: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> list[str]:
    """What differs, a line each, by key and field: short enough to read when a test fails."""
    lines = [f"{key}: not there" for key in wanted.keys() - got.keys()]
    lines += [f"{key}: not wanted" for key in got.keys() - wanted.keys()]
    for key in wanted.keys() & got.keys():
        fields = wanted[key].keys() | got[key].keys()
        lines += [
            f"{key}.{field}: {got[key].get(field, '(none)')!r} instead of {wanted[key].get(field, '(none)')!r}"
            for field in sorted(fields)
            if got[key].get(field, "(none)") != wanted[key].get(field, "(none)")
        ]
    return sorted(lines)[:20]


def standing(alerts: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], Plain]:
    """(rule, subject, cause) → what an alert that stands (open, held, unknown) says, out of each finding's last one.
    Alerts of rules that are not recomputed are left out."""
    return {
        (alert["rule"], alert["subject"], alert["cause"]): {
            "severity": alert["severity"],
            "because": frozenset(source["event_id"] for source in alert["because"]),
            "dwelling": alert["dwelling"] or None,
            "household": alert["household"],
            "state": "unknown" if alert.get("unknown") else "held" if alert["state"] == "held" else "open",
        }
        for alert in alerts
        if alert["state"] != "resolved" and alert["rule"] in RECOMPUTED
    }
