"""Tables of codes as their standards give them: `schemas/codes/NAME.csv`, one code or group of words a line.

Columns: `code` (may be empty: words alone), `words` (separated by `|`, the standard's own first), `meaning` (what the
contract calls it), `source`, `verified` (`yes`: compared with the standard's text; else `no`: from a copy).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from domain.codes import narrow

FOLDER = Path(__file__).resolve().parent.parent.parent / "schemas" / "codes"
COLUMNS = ("code", "words", "meaning", "source", "verified")


class TableRefused(ValueError):
    """A table of codes cannot be used; the message names file, line and what to do."""


@dataclass(frozen=True)
class CodeLine:
    """One line of a table. `line`: its number in the file."""

    line: int
    code: str
    words: tuple[str, ...]
    meaning: str
    source: str
    verified: bool


@dataclass(frozen=True)
class CodeTable:
    """A table of codes by its name."""

    name: str
    lines: tuple[CodeLine, ...]

    @cached_property
    def meanings(self) -> Mapping[str, str]:
        """Code or word → what the contract calls it."""
        return {word: line.meaning for line in self.lines for word in (line.code, *line.words) if word}

    def meaning(self, text: str) -> str | None:
        """What the contract calls a code or word; None: the table does not have it."""
        bare = narrow(text)
        return self.meanings.get(bare) or self.meanings.get(bare.upper())


@lru_cache(maxsize=64)
def table(name: str, folder: Path = FOLDER) -> CodeTable:
    """The table `name`. Raises TableRefused."""
    path = folder / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as opened:
        rows = csv.DictReader(opened)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise TableRefused(f"{path}: its first line must be {','.join(COLUMNS)}.")
        lines = tuple(_line(path, number, row) for number, row in enumerate(rows, 2))
    seen: dict[str, str] = {}
    for line in lines:
        for word in (line.code, *line.words):
            if word and seen.setdefault(word, line.meaning) != line.meaning:
                raise TableRefused(f"{path}, line {line.line}: '{word}' has two meanings. Mend the table.")
    return CodeTable(name, lines)


def _line(path: Path, number: int, row: dict[str, str]) -> CodeLine:
    if not row["meaning"] or not row["source"] or row["verified"] not in ("yes", "no"):
        raise TableRefused(f"{path}, line {number}: meaning, source and verified (yes or no) must be filled.")
    words = tuple(word for word in row["words"].split("|") if word)
    return CodeLine(number, row["code"], words, row["meaning"], row["source"], row["verified"] == "yes")
