"""What tests of odd files share: a file made of rows, what it states, and why it is refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from producers.departments import police
from producers.publish.chinese import in_chinese
from producers.publish.columns import Department, ExportUnknown
from producers.publish.export_lines import FileRefused
from tests.contracts.test_office_files import LINE, read

PHONE = LINE[3]


def phones(path: Path) -> list[str]:
    """The telephone numbers that the file states; no line of it is rejected."""
    good, bad, _, _ = read(path)
    assert bad == []
    return [ready.statement.change["phone"] for line in good for _, ready in line.events]


def refusal(path: Path, department: Department = police.DEPARTMENT) -> str:
    with pytest.raises((FileRefused, ExportUnknown)) as refused:
        read(path, department)
    assert in_chinese(str(refused.value)), f"nobody says in Chinese: {refused.value}"
    return str(refused.value)


def text(path: Path, rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path
