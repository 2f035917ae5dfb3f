"""Every word of the departments' own formats: each example as a line of its department's export, written with each name
that a column may have and each word that a cell may hold, is read as the statement that it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest

from demo.registers import TopicStatement
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
    statement: Statement
    line: dict[str, str]


def examples() -> Iterator[TopicStatement]:
    """Each as it stands, and withdrawn, with a day's midnight for its time: many offices write no hour."""
    for topic, contract in contracts().items():
        if exported(topic):
            for line in (SCHEMAS / "examples" / f"{topic}.jsonl").read_text("utf-8").splitlines():
                example = statement_of(contract, json.loads(line))
                yield TopicStatement(topic, example)
                yield TopicStatement(
                    topic, example._replace(withdrawn=True, occurred_at=midnight(day_of(example.occurred_at)))
                )


EXAMPLES = list(examples())


def whole(topic: str, statement: Statement) -> Statement:
    """The statement with all fields of its kind: what is not there is the contract's default."""
    fields = contracts()[topic].kinds[statement.kind].fields
    defaults = {field.name: field.default if field.has_default else None for field in fields}
    return statement._replace(change=defaults | dict(statement.change))


def export_of(stated: TopicStatement) -> tuple[str, Export]:
    sheet = sheet_of(stated.topic, stated.statement.kind)
    return sheet.department, next(export for export in READERS[sheet.department].exports if export.title == sheet.title)


def forms(export: Export, kind: str) -> list[tuple[str, Says]]:
    """The words by which a line is of the kind, and the first form of its."""
    groups = [("", export.every_line), *export.kinds.items()]
    return [(words, form) for words, group in groups for form in group[:1] if form.kind == kind]


def written(stated: TopicStatement) -> Iterator[Written]:
    """The statement's line as it is plainest, then with each other name of a column and each other word of a cell."""
    sheet, kind = sheet_of(stated.topic, stated.statement.kind), stated.statement.kind
    _, export = export_of(stated)
    plainest = dict(zip(sheet.columns, sheet.kinds[kind](stated), strict=True))
    yield Written(None, stated.statement, plainest)
    kind_column = [export.kind_column] if export.kind_column else []
    for words, form in forms(export, kind):
        fields = {**export.head, **form.columns}
        columns = [*kind_column, *fields.values()]
        line = {first: cell for first, cell in plainest.items() if any(first == column.names[0] for column in columns)}
        for column in columns:
            for name in column.names[1:]:
                if renamed := with_name(line, columns, column, name):
                    yield Written((export.title, column.names[0], name), stated.statement, renamed)
        for column in kind_column:
            for word in words.split("|"):
                yield Written((export.title, column.names[0], word), stated.statement, line | {column.names[0]: word})
        for name, column in fields.items():
            if isinstance(column.convert, choice):
                for word, meaning in column.convert._meanings.items():
                    other = stated.statement._replace(change={**stated.statement.change, name: meaning})
                    yield Written((export.title, column.names[0], word), other, line | {column.names[0]: word})


def with_name(line: dict[str, str], columns: Sequence[Column], renamed: Column, name: str) -> dict[str, str] | None:
    """The line with a column called by another of its names; without it, if one of this name is there that says the
    same. None: the cell says nothing, or another field would be lost or read of it."""
    first = renamed.names[0]
    if line[first] in NOTHING or any(other.names[0] == first and name not in other.names for other in columns):
        return None
    if name not in line:
        return {name if column == first else column: cell for column, cell in line.items()}
    same = renamed.convert(line[name]) == renamed.convert(line[first])
    return {column: cell for column, cell in line.items() if column != first} if same else None


@pytest.mark.parametrize("stated", EXAMPLES, ids=lambda stated: f"{stated.topic}-{stated.statement.kind}")
def test_an_example_is_read_from_its_departments_export(stated: TopicStatement) -> None:
    department, export = export_of(stated)
    for word, meant, line in written(stated):
        header = list(line)
        assert READERS[department].export_of(header) is export, word
        read = export.reader(header)(list(line.values()))
        assert whole(stated.topic, meant) in [whole(stated.topic, candidate) for candidate in read], word


def all_words() -> set[Word]:
    words_found = set()
    for export in (listed for reader in READERS.values() for listed in reader.exports):
        for form in export.says():
            for column in {**export.head, **form.columns}.values():
                words_found |= {(export.title, column.names[0], name) for name in column.names[1:]}
                if isinstance(column.convert, choice):
                    words_found |= {(export.title, column.names[0], word) for word in column.convert._meanings}
        if export.kind_column:
            first, *names = export.kind_column.names
            words_found |= {(export.title, first, name) for name in names}
            words_found |= {(export.title, first, word) for words in export.kinds for word in words.split("|")}
    return words_found


def test_no_word_of_an_export_is_left_out() -> None:
    tried = {variant.word for example in EXAMPLES for variant in written(example)}
    left = all_words() - tried
    assert left == set(), "no example fills these, or another column of the line is always read instead"


def called(name: str, words: dict[str, list[str]]) -> str | None:
    """The meaning whose word is the contract's Chinese `name`, or most of it."""
    name = name.replace(" ", "")
    fitting = [(len(word), meaning) for meaning, all_of_it in words.items() for word in all_of_it if word in name]
    return max(fitting, default=(0, None))[1]


@pytest.mark.parametrize(
    "export", [listed for reader in READERS.values() for listed in reader.exports], ids=lambda e: e.title
)
def test_a_word_means_what_the_contract_calls_so(export: Export) -> None:
    """A line written by the same table cannot tell that two of its words are exchanged."""
    kinds = contracts()[export.topic].kinds
    words = {group[0].kind: kind_words.split("|") for kind_words, group in export.kinds.items()}
    assert {kind: called(kinds[kind].doc_zh, words) for kind in words} == {kind: kind for kind in words}
    for form in export.says():
        fields = kinds[form.kind].by_name
        for name, column in form.columns.items():
            inner = fields[name].inner if name in fields else None
            symbols = inner.symbols_zh if isinstance(inner, Enum) else {}
            if symbols and isinstance(column.convert, choice):
                words = {}
                for word, meaning in column.convert._meanings.items():
                    words.setdefault(meaning, []).append(word)
                assert {symbol: called(zh, words) for symbol, zh in symbols.items()} == {
                    symbol: symbol for symbol in symbols
                }, name


def test_a_lease_may_name_no_tenant_but_a_file_must_have_the_column() -> None:
    example = next(example for example in EXAMPLES if example.statement.change.get("tenants") == [])
    plainest = next(written(example)).line
    _, export = export_of(example)
    without = {column: cell for column, cell in plainest.items() if column != "承租人身份证号"}
    with pytest.raises(Rejected, match="is not among the file's columns"):
        export.reader(list(without))(list(without.values()))
