"""Every word of the departments' own formats: each example as a line of its department's export, written with each name
that a column may have and each word that a cell may hold, is read as the statement that it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest

from demo.registers import Said
from demo.sheets import READERS, exported, sheet_of
from domain.time import day_of, midnight
from producers.publish.cells import NOTHING, choice
from producers.publish.columns import Column, Export, Rejected, Says
from producers.publish.json_form import statement_of
from producers.publish.statement import Statement
from wire.contracts import SCHEMAS, contracts
from wire.schema import Enum

Word = tuple[str, str, str]
"""The export's title, the column by its first name, and what was written: another name of it, or a word in it."""


class Written(NamedTuple):
    """A line by its columns, and what it says; `word`: what is other than in the plainest line, None: nothing."""

    word: Word | None
    said: Statement
    line: dict[str, str]


def examples() -> Iterator[Said]:
    """Each as it stands, and withdrawn, with a day's midnight for its time: many offices write no hour."""
    for topic, contract in contracts().items():
        if exported(topic):
            for line in (SCHEMAS / "examples" / f"{topic}.jsonl").read_text("utf-8").splitlines():
                said = statement_of(contract, json.loads(line))
                yield Said(topic, said)
                yield Said(topic, said._replace(withdrawn=True, occurred_at=midnight(day_of(said.occurred_at))))


EXAMPLES = list(examples())


def whole(topic: str, said: Statement) -> Statement:
    """The statement with all fields of its kind: what is not there is the contract's default."""
    fields = contracts()[topic].kinds[said.kind].fields
    defaults = {field.name: field.default if field.has_default else None for field in fields}
    return said._replace(change=defaults | dict(said.change))


def export_of(said: Said) -> tuple[str, Export]:
    sheet = sheet_of(said.topic, said.statement.kind)
    return sheet.department, next(each for each in READERS[sheet.department].exports if each.title == sheet.title)


def forms(export: Export, kind: str) -> list[tuple[str, Says]]:
    """The words by which a line is of the kind, and the first form of its."""
    groups = [("", export.every_line), *export.kinds.items()]
    return [(words, form) for words, group in groups for form in group[:1] if form.kind == kind]


def written(said: Said) -> Iterator[Written]:
    """The statement's line as it is plainest, then with each other name of a column and each other word of a cell."""
    sheet, kind = sheet_of(said.topic, said.statement.kind), said.statement.kind
    _, export = export_of(said)
    plainest = dict(zip(sheet.columns, sheet.kinds[kind](said), strict=True))
    yield Written(None, said.statement, plainest)
    kind_column = [export.kind_column] if export.kind_column else []
    for words, form in forms(export, kind):
        fields = {**export.head, **form.columns}
        columns = [*kind_column, *fields.values()]
        line = {first: cell for first, cell in plainest.items() if any(first == each.names[0] for each in columns)}
        for each in columns:
            for name in each.names[1:]:
                if renamed := with_name(line, columns, each, name):
                    yield Written((export.title, each.names[0], name), said.statement, renamed)
        for each in kind_column:
            for word in words.split("|"):
                yield Written((export.title, each.names[0], word), said.statement, line | {each.names[0]: word})
        for name, each in fields.items():
            if isinstance(each.convert, choice):
                for word, meaning in each.convert._said.items():
                    other = said.statement._replace(change={**said.statement.change, name: meaning})
                    yield Written((export.title, each.names[0], word), other, line | {each.names[0]: word})


def with_name(line: dict[str, str], columns: Sequence[Column], said: Column, name: str) -> dict[str, str] | None:
    """The line with a column called by another of its names; without it, if one of this name is there that says the
    same. None: the cell says nothing, or another field would be lost or read of it."""
    first = said.names[0]
    if line[first] in NOTHING or any(each.names[0] == first and name not in each.names for each in columns):
        return None
    if name not in line:
        return {name if column == first else column: cell for column, cell in line.items()}
    same = said.convert(line[name]) == said.convert(line[first])
    return {column: cell for column, cell in line.items() if column != first} if same else None


@pytest.mark.parametrize("said", EXAMPLES, ids=lambda said: f"{said.topic}-{said.statement.kind}")
def test_an_example_is_read_from_its_departments_export(said: Said) -> None:
    department, export = export_of(said)
    for word, meant, line in written(said):
        header = list(line)
        assert READERS[department].export_of(header) is export, word
        read = export.reader(header)(list(line.values()))
        assert whole(said.topic, meant) in [whole(said.topic, each) for each in read], word


def all_words() -> set[Word]:
    found = set()
    for export in (each for reader in READERS.values() for each in reader.exports):
        for form in export.says():
            for each in {**export.head, **form.columns}.values():
                found |= {(export.title, each.names[0], name) for name in each.names[1:]}
                if isinstance(each.convert, choice):
                    found |= {(export.title, each.names[0], word) for word in each.convert._said}
        if export.kind_column:
            first, *names = export.kind_column.names
            found |= {(export.title, first, name) for name in names}
            found |= {(export.title, first, word) for words in export.kinds for word in words.split("|")}
    return found


def test_no_word_of_an_export_is_left_out() -> None:
    tried = {each.word for said in EXAMPLES for each in written(said)}
    left = all_words() - tried
    assert left == set(), "no example fills these, or another column of the line is always read instead"


def called(name: str, words: dict[str, list[str]]) -> str | None:
    """The meaning whose word is the contract's Chinese `name`, or most of it."""
    name = name.replace(" ", "")
    fitting = [(len(word), meaning) for meaning, all_of_it in words.items() for word in all_of_it if word in name]
    return max(fitting, default=(0, None))[1]


@pytest.mark.parametrize(
    "export", [each for reader in READERS.values() for each in reader.exports], ids=lambda e: e.title
)
def test_a_word_means_what_the_contract_calls_so(export: Export) -> None:
    """A line written by the same table cannot tell that two of its words are exchanged."""
    kinds = contracts()[export.topic].kinds
    words = {group[0].kind: said.split("|") for said, group in export.kinds.items()}
    assert {kind: called(kinds[kind].doc_zh, words) for kind in words} == {kind: kind for kind in words}
    for form in export.says():
        fields = kinds[form.kind].by_name
        for name, column in form.columns.items():
            inner = fields[name].inner if name in fields else None
            symbols = inner.symbols_zh if isinstance(inner, Enum) else {}
            if symbols and isinstance(column.convert, choice):
                words = {}
                for word, meaning in column.convert._said.items():
                    words.setdefault(meaning, []).append(word)
                assert {each: called(zh, words) for each, zh in symbols.items()} == {each: each for each in symbols}, (
                    name
                )


def test_a_lease_may_name_no_tenant_but_a_file_must_have_the_column() -> None:
    said = next(each for each in EXAMPLES if each.statement.change.get("tenants") == [])
    plainest = next(written(said)).line
    _, export = export_of(said)
    without = {column: cell for column, cell in plainest.items() if column != "承租人身份证号"}
    with pytest.raises(Rejected, match="is not among the file's columns"):
        export.reader(list(without))(list(without.values()))
