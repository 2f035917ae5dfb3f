"""What became of a file: what its department is shown, in the terminal, beside the file and on its page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from producers.publish.chinese import in_chinese
from producers.publish.open_lines import Still
from producers.publish.snapshot import Difference


@dataclass
class Report:
    """What became of one file. `rejected`: lines by (column, reason); `passed`: rows below the table that are no
    records; `unused`: columns and sheets that were not read; `held`: alerts held back, None if that was not asked;
    `refused`: why the whole file was not taken; `still`: the rejected lines of earlier files in its folder;
    `mended_lines`: lines of earlier files, wherever they lie, that the department's page no longer shows as rejected;
    `not_shown`: why that page does not know of this file."""

    department: str
    file: str
    form: str = ""
    encoding: str = ""
    lines: int = 0
    events: Counter[str] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejected_file: str | None = None
    passed: int = 0
    unused: list[str] = field(default_factory=list)
    difference: Difference | None = None
    held: int | None = None
    read_by_stages: bool | None = None
    published: bool = False
    refused: str | None = None
    still: Still | None = None
    mended_lines: int = 0
    not_shown: str | None = None

    @property
    def rejected_lines(self) -> int:
        """How many lines were rejected."""
        return self.rejected.total()

    def as_json(self) -> dict[str, Any]:
        """As it goes to a program: counts, no cell of the file."""
        return {
            "department": self.department,
            "file": self.file,
            "form": self.form,
            "encoding": self.encoding,
            "published": self.published,
            "refused": self.refused,
            "refused_zh": in_chinese(self.refused) if self.refused else None,
            "lines": self.lines,
            "events": dict(sorted(self.events.items())),
            "rejected": [
                {"field": column, "reason": reason, "reason_zh": in_chinese(reason), "lines": count}
                for (column, reason), count in self.rejected.most_common()
            ],
            "rejected_lines": self.rejected_lines,
            "rejected_file": self.rejected_file,
            "mended_lines": self.still.mended if self.still else 0,
            "open_lines_of_earlier_files": self.still.open if self.still else None,
            "not_records": self.passed,
            "columns_not_used": self.unused,
            "snapshot": self.difference.as_json() if self.difference else None,
            "held_back": self.held,
            "not_shown_to_department": self.not_shown,
            "read_by_all_stages": self.read_by_stages,
        }
