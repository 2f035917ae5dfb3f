"""Of what a statement is one among several versions: its slot in the row, the same for whoever compares statements.

The slot is (department, record, kind); where one record speaks of several things of a kind, also which of them. A new
kind of that sort costs a line in `WITHIN`.
"""

from collections.abc import Mapping
from typing import Any

WITHIN = {"TenantAdded": "tenant", "TenantLeft": "tenant"}
"""Kind → the field that names which of the record's things the statement is about."""


def slot_record(kind: str, record: str, change: Mapping[str, Any]) -> str:
    """The record's number as a slot has it: `<lease>/<tenant>` for a tenant of a lease."""
    field = WITHIN.get(kind)
    return record if field is None else f"{record}/{change[field]}"
