"""What a contract's file must be: its attributes, the head of its record, its kinds, and the values they may have.

An attribute that is missing, unknown or misspelt stops the start with the file and the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from domain.retention import Kept
from domain.view import View
from runtime.discover import discover
from wire.schema import Json, Record, Union, avro
from wire.schema_parser import SchemaRefused, read_schema
from wire.values.case_number import form
from wire.values.codes import CODES
from wire.values.documents import KINDS
from wire.values.rules import wrong_rule

#: The 16 categories of basic information that departments share (docs/glossary.md has the Chinese names).
CATEGORIES = (
    "population",
    "household_registration",
    "marriage",
    "family_planning",
    "education",
    "employment",
    "provident_fund",
    "social_assistance",
    "disability",
    "health",
    "housing",
    "real_estate",
    "vehicle",
    "legal_person",
    "tax",
    "urban_management",
)
HEAD: Mapping[str, Json] = {
    "event_id": "string",
    "record": "string",
    "subject": "string",
    "occurred_at": "long",
    "recorded_at": "long",
    "withdrawn": "boolean",
    "sequence": ["null", "long"],
}

CONTRACT_ATTRIBUTES = {
    "department",
    "owner",
    "category",
    "legal_basis",
    "legal_basis_zh",
    "retention",
    "freshness",
    "subject",
}
#: ISO 8601, without years and months: they have no length in seconds.
_DURATION = re.compile(r"P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_SECONDS = (604_800, 86_400, 3_600, 60, 1)
PERMANENT = "permanent"
#: Whole years or whole local days: what a row forgets goes at a midnight of the city.
_KEPT = re.compile(r"P([1-9]\d{0,2})Y|P([1-9]\d{0,4})D")
#: What pages call the department, if no page's own texts do.
CONTRACT_WORDS = {"department_zh", "eight_digits", "on_holidays", "momentary"}


class ContractRefused(Exception):
    """A schema file breaks the rules for contracts; the message names the file, the key and what to do."""


@lru_cache(maxsize=1)
def subjects() -> tuple[str, ...]:
    """What statements may be about: what the views are of. Raises PluginRefused if a view's file is wrong."""
    return tuple(sorted({view.subject for view in discover("domain.views", "VIEW", View).values()}))


def loaded(path: Path, attributes: set[str]) -> tuple[dict[str, Any], Record]:
    """A schema's file as JSON and as the model; its top record may have `attributes`. Raises ContractRefused."""
    try:
        return read_schema(path, attributes)
    except SchemaRefused as refused:
        raise ContractRefused(str(refused)) from refused


def check_contract(path: Path, record: Record) -> None:
    """Raise ContractRefused, with the file and what to do, if `record` is no contract."""
    attributes = {**record.attributes, "namespace": record.namespace, "doc_zh": record.doc_zh}
    for key in sorted(CONTRACT_ATTRIBUTES | {"namespace", "doc_zh"}):
        if not isinstance(attributes.get(key), str) or not attributes[key]:
            raise ContractRefused(f"{path}: '{key}' is missing: every contract has it on its top record.")
    department = path.parent.name
    _one_of(path, "department", attributes["department"], (department,))
    _one_of(path, "namespace", record.namespace, (f"cn.citygrid.{department.replace('-', '_')}",))
    _one_of(path, "category", attributes["category"], CATEGORIES)
    _one_of(path, "subject", attributes["subject"], subjects(), "Of another there is a view first, in domain/views/.")
    seconds_of(path, attributes["freshness"])
    kept = kept_of(path, attributes["retention"])
    if attributes.get("momentary", True) is not True or ("momentary" in attributes and kept is None):
        raise ContractRefused(
            f"{path}: 'momentary' may only be true, of what is not kept permanently: topic and rows forget it after "
            "'retention'. What lasts does without it."
        )
    if attributes.get("on_holidays", "open") != "open":
        raise ContractRefused(f"{path}: 'on_holidays' may only be \"open\"; an office that closes does without it.")
    if list(record.by_name) != [*HEAD, "change"]:
        raise ContractRefused(f"{path}: the top record's fields must be {', '.join([*HEAD, 'change'])}, in this order.")
    for name, wanted in HEAD.items():
        if avro(record.by_name[name].type, logical=False) != wanted:
            raise ContractRefused(f"{path}: field '{name}' must be of type {wanted}.")
    if record.by_name["subject"].identity != (attributes["subject"] == "resident"):
        raise ContractRefused(
            f"{path}: field 'subject' must have \"identity\": true if, and only if, it is a resident."
        )
    _check_values(path, record)
    change = record.by_name["change"].type
    if not isinstance(change, Union) or not all(isinstance(kind, Record) for kind in change.branches):
        raise ContractRefused(f"{path}: field 'change' must be a union of records, one for each kind.")
    for kind in change.branches:
        if isinstance(kind, Record) and kind.one_subject is None:
            raise ContractRefused(
                f"{path}: kind '{kind.name}' does not say \"one_subject\": true if a record of it is about "
                "one subject at a time, false if it may be about several: docs/decisions/0024-one-subject.md."
            )


def _check_values(path: Path, record: Record) -> None:
    """The kinds of codes, forms and rules that a contract states are known and fit their fields."""
    change = record.by_name["change"].type
    kinds = [kind for kind in change.branches if isinstance(kind, Record)] if isinstance(change, Union) else []
    for holder in (record, *kinds):
        for field in holder.fields:
            where = f"{path}: field '{holder.name}.{field.name}'"
            if field.code and field.code not in CODES:
                raise ContractRefused(f"{where} has the code {field.code!r}; it must be one of {', '.join(CODES)}.")
            if field.form and (holder is not record or field.name != "record" or form(field.form) is None):
                raise ContractRefused(
                    f"{where} has the form {field.form!r}; the field 'record' may have district+day+serial(4), or "
                    "another length, or a range of them such as serial(3-6)."
                )
            if wrong := wrong_rule(field, holder):
                raise ContractRefused(f"{where} {wrong}.")
    eight_digits = record.attributes.get("eight_digits")
    if eight_digits is not None and eight_digits not in KINDS:
        raise ContractRefused(f"{path}: 'eight_digits' is {eight_digits!r}; it must be one of {', '.join(KINDS)}.")


def seconds_of(path: Path, duration: str) -> int:
    """The freshness of the contract in `path`, in seconds. Raises ContractRefused."""
    match = _DURATION.fullmatch(duration)
    seconds = sum(int(count or 0) * unit for count, unit in zip(match.groups(), _SECONDS, strict=True)) if match else 0
    if not 0 < seconds < 2**31:
        raise ContractRefused(
            f"{path}: 'freshness' is {duration!r}; it must be an ISO 8601 duration in weeks, days, hours, minutes or "
            "seconds, such as P1D or PT1H: after how long without an event the department counts as quiet."
        )
    return seconds


def kept_of(path: Path, duration: str) -> Kept | None:
    """The retention of the contract in `path`; None: it is permanent. Raises ContractRefused."""
    match = _KEPT.fullmatch(duration)
    if match is None and duration != PERMANENT:
        raise ContractRefused(
            f"{path}: 'retention' is {duration!r}; it must be years or days in ISO 8601, such as P5Y or P31D, or "
            f"{PERMANENT!r}: for how long it may be kept once what it states has ended."
        )
    return Kept(*(int(count or 0) for count in match.groups())) if match else None


def _one_of(path: Path, key: str, value: str, allowed: tuple[str, ...], otherwise: str = "") -> None:
    if value not in allowed:
        sentence = f"{path}: '{key}' is {value!r}; it must be one of {', '.join(allowed)}."
        raise ContractRefused(f"{sentence} {otherwise}".strip())
