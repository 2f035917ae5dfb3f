"""One statement of a department, as a program writes it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Statement:
    """What a department states about one subject, by the contract of its topic.

    `record` is the department's own number of what it states (a registration, a lease, a case). `subject` is the
    identity number, dwelling, credit code … that the contract is about. Times need a zone. `change` holds the kind's
    fields by name; dates may be `datetime.date`, times `datetime.datetime` with a zone. `sequence`: of two statements
    of one record and kind recorded at one instant the greater holds; needed only where `recorded_at` is coarse.
    """

    kind: str
    record: str
    subject: str
    occurred_at: datetime
    recorded_at: datetime
    change: Mapping[str, Any] = field(default_factory=dict)
    withdrawn: bool = False
    sequence: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The statement as the gateway takes it. Raises ValueError naming a time without a zone."""
        return {
            "kind": self.kind,
            "record": self.record,
            "subject": self.subject,
            "occurred_at": _plain("occurred_at", self.occurred_at),
            "recorded_at": _plain("recorded_at", self.recorded_at),
            "withdrawn": self.withdrawn,
            "sequence": self.sequence,
            "change": {name: _plain(name, value) for name, value in self.change.items()},
        }


def _plain(name: str, value: Any) -> Any:
    """`value` in JSON's types: days as YYYY-MM-DD, instants in ISO 8601 with their zone."""
    match value:
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"'{name}' is a time without a zone: say which, e.g. ZoneInfo('Asia/Shanghai')")
            return value.isoformat()
        case date():
            return value.isoformat()
        case Mapping():
            return {key: _plain(name, each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(name, each) for each in value]
    return value
