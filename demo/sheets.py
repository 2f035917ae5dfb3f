"""Statements as lines of the departments' own export files: CSV in GB18030 with the columns that their readers know.

A statement becomes a line of the first form that its kind has in the export (of a marriage the register has one line,
and its reader makes two statements of it).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TextIO

from demo.registers import TopicStatement
from domain.time import CITY, SECOND, iso_day
from producers import departments
from producers.publish import cells
from producers.publish.columns import Column, Department, Export, Says
from runtime.discover import discover
from wire.contracts import contracts
from wire.schema import Primitive

READERS = discover(departments.__name__, "DEPARTMENT", Department)

Cell = Callable[[Any], str]


class Sheet(NamedTuple):
    """One type of export file: its department, title, columns in order, and for each kind how to write a line."""

    department: str
    title: str
    columns: tuple[str, ...]
    kinds: dict[str, Callable[[TopicStatement], list[str]]]


class Files:
    """Writes statements to `FOLDER/<department>/<title>.csv`, each as it comes; only the owner may read the files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[int, tuple[TextIO, Any]] = {}
        #: (department, file), in the order in which they were begun
        self.paths: list[tuple[str, Path]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for file, _ in self._open.values():
            file.close()

    def write(self, stated: TopicStatement) -> None:
        """Add the statement's line. Raises KeyError if no department exports such a thing."""
        sheet = sheet_of(stated.topic, stated.statement.kind)
        if id(sheet) not in self._open:
            path = self._folder / sheet.department / f"{sheet.title}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            file = path.open("w", encoding="gb18030", newline="")
            self._open[id(sheet)] = (file, csv.writer(file))
            self._open[id(sheet)][1].writerow(sheet.columns)
            self.paths.append((sheet.department, path))
        self._open[id(sheet)][1].writerow(sheet.kinds[stated.statement.kind](stated))


def write(folder: Path, statements: Iterable[TopicStatement]) -> list[tuple[str, Path]]:
    """All of `statements` as files under `folder`: (department, file) each."""
    with Files(folder) as files:
        for stated in statements:
            files.write(stated)
    return files.paths


@cache
def exported(topic: str) -> bool:
    """Whether a department's reader knows files of this topic."""
    return any(export.topic == topic for reader in READERS.values() for export in reader.exports)


@cache
def sheet_of(topic: str, kind: str) -> Sheet:
    """The export file in which statements of a kind stand. Raises KeyError if no department exports such a thing."""
    for department in READERS.values():
        for export in department.exports:
            if export.topic == topic and kind in export.kinds_said():
                return _sheet(department.name, export.title)
    raise KeyError(f"no reader in producers/departments knows files with {kind} of {topic}")


@cache
def _sheet(department: str, title: str) -> Sheet:
    export = next(export for export in READERS[department].exports if export.title == title)
    head = [column.names[0] for column in export.head.values()]
    names = [column.names[0] for form in export.says() for column in form.columns.values()]
    kind_column = [export.kind_column.names[0]] if export.kind_column else []
    columns = tuple(dict.fromkeys([*head[:1], *kind_column, *head[1:], *names]))
    kinds: dict[str, Callable[[TopicStatement], list[str]]] = {}
    forms = [("", export.every_line), *export.kinds.items()]
    for words, group in forms:
        for form in group[:1]:
            word = {kind_column[0]: words.split("|")[0]} if words else {}
            kinds.setdefault(form.kind, _line(columns, word, export, form))
    return Sheet(department, export.title, columns, kinds)


def _line(
    columns: tuple[str, ...], word: dict[str, str], export: Export, form: Says
) -> Callable[[TopicStatement], list[str]]:
    known: dict[str, Column] = {**export.head, **form.columns}
    empty = [word.get(column, "") for column in columns]
    fields = contracts()[export.topic].kinds[form.kind].fields
    dates = {field.name for field in fields if isinstance(field.inner, Primitive) and field.inner.is_date}
    places = {
        name: (columns.index(column.names[0]), _cell(column.convert, iso_day if name in dates else str))
        for name, column in known.items()
    }

    def line(stated: TopicStatement) -> list[str]:
        statement = stated.statement
        head = {
            "record": statement.record,
            "subject": statement.subject,
            "occurred_at": statement.occurred_at,
            "recorded_at": statement.recorded_at,
        }
        if statement.withdrawn:
            head["withdrawn"] = True
        cells_of_line = empty.copy()
        for name, value in (*head.items(), *statement.change.items()):
            index, cell = places[name]
            cells_of_line[index] = cell(value)
        return cells_of_line

    return line


def _cell(convert: cells.Convert, otherwise: Cell) -> Cell:
    """What undoes the reader's conversion."""
    if isinstance(convert, cells.choice):
        return convert.words.__getitem__
    return _BACK.get(convert, otherwise)


@lru_cache(maxsize=65_536)
def _stamp(instant: int) -> str:
    moment = datetime.fromtimestamp(instant // SECOND, CITY)
    fraction = instant % SECOND
    return f"{moment:%Y-%m-%d %H:%M:%S}" + (f".{fraction:06d}" if fraction else "")


def _last_day(until: int) -> str:
    return iso_day(until - 1)


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}"


_BACK: dict[cells.Convert, Cell] = {
    cells.instant: _stamp,
    cells.end: _stamp,
    cells.last_day: _last_day,
    cells.last_day_stated: _last_day,
    cells.yuan: _yuan,
    cells.flag: lambda flag: "是" if flag else "否",
    cells.identities: "、".join,
}
