"""What departments may say and stages publish: the schemas under `schemas/`, read and checked at every start.

A contract is one hand-written Avro file. Its schema attributes (owner, legal basis, classification …) are part of the
contract: what it must be says `wire/contract_rules.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from domain.retention import Kept
from wire.contract_rules import (
    CONTRACT_ATTRIBUTES,
    CONTRACT_WORDS,
    ContractRefused,
    check_contract,
    kept_of,
    loaded,
    seconds_of,
)
from wire.schema import Record, Union

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"

What = Literal["row", "contribution", "alert", "clock", "record"]

OUR_DEPARTMENT = "grid"
"""Whose contracts the city's own database states."""
RECORD_TOPICS = ("record-claims", "record-moves")
"""About which subject each record is: docs/decisions/0024-one-subject.md."""
DOOR_REPORTS = "door-reports."
"""Before a department's name: what the doors did with what it handed over (docs/decisions/0034-door-reports.md)."""
DOOR_REPORTS_OF_ALL = "door-reports"
"""Where reports of all departments stood before; what is there is still shown, and no login may write there."""
FEEDBACK = "feedback."
"""Before a department's name: what came of what it stated (docs/decisions/0043-two-ways.md)."""


@dataclass(frozen=True, eq=False)
class Contract:
    """One topic's contract: its file as JSON, which the registry is given, and as the model `record`."""

    topic: str
    path: Path
    schema: Mapping[str, Any]
    record: Record

    @property
    def department(self) -> str:
        return self._text("department")

    @cached_property
    def subject(self) -> str:
        """What the statements are about: resident, household, dwelling …"""
        return self._text("subject")

    @property
    def owner(self) -> str:
        """The office that answers for the topic."""
        return self._text("owner")

    @property
    def category(self) -> str:
        """One of `CATEGORIES`."""
        return self._text("category")

    @property
    def legal_basis(self) -> str:
        return self._text("legal_basis")

    @property
    def legal_basis_zh(self) -> str:
        return self._text("legal_basis_zh")

    @property
    def retention(self) -> str:
        """How long it is kept after what it states has ended: years or days in ISO 8601, or `permanent`."""
        return self._text("retention")

    @cached_property
    def kept(self) -> Kept | None:
        """`retention` as a length of time; None: it is permanent."""
        return kept_of(self.path, self.retention)

    @property
    def momentary(self) -> bool:
        """Whether it states what happens at a moment (a passage, a call, a visit) and is over with it: topic and rows
        forget it after `retention`. What lasts is told when it is overdue (docs/decisions/0031-retention.md)."""
        return self.record.attributes.get("momentary") is True

    @property
    def freshness(self) -> str:
        """As it stands in the file; `freshness_seconds` counts it."""
        return self._text("freshness")

    @property
    def department_zh(self) -> str:
        """What pages call the department; empty if their own texts do."""
        return self._text("department_zh")

    @property
    def eight_digits(self) -> str | None:
        """The kind of identity document that 8 digits without a kind are (`wire.values.documents`); None: refused."""
        return self._text("eight_digits") or None

    @property
    def namespace(self) -> str:
        return self.record.namespace

    @property
    def fullname(self) -> str:
        """The record's name with its namespace: what a writer's schema must be called to belong here."""
        return self.record.fullname

    @cached_property
    def freshness_seconds(self) -> int:
        """After how long without any event of the topic its department counts as quiet, in seconds."""
        return seconds_of(self.path, self.freshness)

    @property
    def open_on_holidays(self) -> bool:
        """Whether its silence on a public holiday counts: devices and desks that never close have `on_holidays`."""
        return self._text("on_holidays") == "open"

    @cached_property
    def kinds(self) -> dict[str, Record]:
        change = self.record.by_name["change"].type
        branches = change.branches if isinstance(change, Union) else ()
        return {kind.name: kind for kind in branches if isinstance(kind, Record)}

    @property
    def subject_is_identity(self) -> bool:
        """Whether the subject is a person's number, hence a pseudonym on the wire."""
        return self.subject == "resident"

    @cached_property
    def one_subject(self) -> frozenset[str]:
        """The kinds of which a record is about one subject at a time: restated about another, it leaves the first."""
        return frozenset(kind for kind, record in self.kinds.items() if record.one_subject)

    @cached_property
    def identity_fields(self) -> dict[str, tuple[str, ...]]:
        """For each kind the fields that hold identity numbers (one number, or a list of them)."""
        return {
            kind: tuple(field.name for field in record.fields if field.identity) for kind, record in self.kinds.items()
        }

    def _text(self, attribute: str) -> str:
        return str(self.record.attributes.get(attribute, ""))


@dataclass(frozen=True)
class Published:
    """What a stage publishes: a row, a contribution, an alert, the clock, or about which subject a record is."""

    topic: str
    path: Path
    schema: Mapping[str, Any]
    what: What
    record: Record


def contracts(root: Path = SCHEMAS) -> dict[str, Contract]:
    """Every contract by its topic, in the topics' order. Raises ContractRefused."""
    return dict(_ours() if root == SCHEMAS else _read(root))


def stated_by(department: str) -> list[str]:
    """The topics that `department` states."""
    return [topic for topic, contract in contracts().items() if contract.department == department]


@lru_cache(maxsize=1)
def _ours() -> tuple[tuple[str, Contract], ...]:
    return _read(SCHEMAS)


def _read(root: Path) -> tuple[tuple[str, Contract], ...]:
    paths = sorted((root / "events").glob("*/*.avsc"))
    if not paths:
        raise ContractRefused(f"{root / 'events'} holds no contract: run from a checkout or an image of citygrid.")
    read = tuple((contract.topic, contract) for contract in map(read_contract, paths))
    _check_kinds(contract for _, contract in read)
    return read


def _check_kinds(read: Iterable[Contract]) -> None:
    """A kind is known by its name alone, in a view's `merge`, in the order of statements and on pages."""
    stated_in: dict[str, Contract] = {}
    for contract in read:
        for kind in contract.kinds:
            if (other := stated_in.setdefault(kind, contract)) is not contract:
                raise ContractRefused(
                    f"{contract.path}: the kind '{kind}' is one of {other.topic} too; give it a name of its own, such "
                    f"as '{contract.record.name}{kind}'."
                )


def read_contract(path: Path) -> Contract:
    """The contract in the file `<department>/<topic>.avsc`. Raises ContractRefused."""
    schema, record = loaded(path, CONTRACT_ATTRIBUTES | CONTRACT_WORDS)
    check_contract(path, record)
    return Contract(f"{path.parent.name}.{path.stem}", path, schema, record)


def published(root: Path = SCHEMAS) -> dict[str, Published]:
    """Every schema that stages publish, by topic. Raises ContractRefused."""
    return dict(_ours_published() if root == SCHEMAS else _read_published(root))


@lru_cache(maxsize=1)
def _ours_published() -> tuple[tuple[str, Published], ...]:
    return _read_published(SCHEMAS)


def _read_published(root: Path) -> tuple[tuple[str, Published], ...]:
    rows, contributions = (sorted((root / folder).glob("*.avsc")) for folder in ("rows", "contributions"))
    files: list[tuple[str, Path, What]] = [
        *((f"rows.{path.stem}", path, "row") for path in rows),
        *((f"contributions.{path.stem}", path, "contribution") for path in contributions),
        ("alerts", root / "alert.avsc", "alert"),
        ("clock", root / "clock.avsc", "clock"),
        *((topic, root / f"{topic}.avsc", "record") for topic in RECORD_TOPICS),
    ]
    records = []
    for topic, path, what in files:
        schema, record = loaded(path, {"view"} if what in ("row", "contribution") else set())
        records.append((topic, Published(topic, path, schema, what, record)))
    return tuple(records)


def every_schema(root: Path = SCHEMAS) -> dict[str, Mapping[str, Any]]:
    """Topic → schema of all that is on the wire."""
    events: dict[str, Mapping[str, Any]] = {topic: contract.schema for topic, contract in contracts(root).items()}
    doors = dict.fromkeys([DOOR_REPORTS_OF_ALL, *report_topics(root)], door_report_schema(root))
    back = dict.fromkeys(feedback_topics(root), feedback_schema(root))
    return events | {topic: output.schema for topic, output in published(root).items()} | doors | back


def departments_of(root: Path = SCHEMAS) -> list[str]:
    """Every department that states anything, the city's own people too."""
    return sorted({contract.department for contract in contracts(root).values()})


def report_topics(root: Path = SCHEMAS) -> list[str]:
    """A topic a department: its login writes there, and nobody else's may (docs/decisions/0047-whose-report.md)."""
    return [DOOR_REPORTS + department for department in departments_of(root)]


def feedback_topics(root: Path = SCHEMAS) -> list[str]:
    """A topic for each department that states anything but the city's own people."""
    return [FEEDBACK + department for department in departments_of(root) if department != OUR_DEPARTMENT]


@lru_cache(maxsize=2)
def door_report_schema(root: Path = SCHEMAS) -> Mapping[str, Any]:
    """What the doors report. Raises ContractRefused."""
    return loaded(root / "door-report.avsc", set())[0]


@lru_cache(maxsize=2)
def feedback_schema(root: Path = SCHEMAS) -> Mapping[str, Any]:
    """What goes back to departments. Raises ContractRefused."""
    return loaded(root / "feedback.avsc", set())[0]
