"""What makes a large export cheap changes nothing: ids, times, codes and texts are as the slow way has them, and lines
come out of the spool as they went in."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.time import CITY
from producers.publish.checked_lines import Bad
from producers.publish.event_ids import EVENTS, EventIds
from producers.publish.field_checks import field_check, text
from producers.publish.line_spool import BLOCK_LINES, LineSpool, RoundedNumbers, lines_of
from producers.publish.open_lines import COLUMNS, OpenLines, Still
from producers.tables.file_form import FileRefused
from producers.tables.rows import Damaged, Line, Read, Stated
from tests.contracts.people import full_width, number
from wire.contracts import contracts
from wire.values import days
from wire.values.codes import CODES, REGISTERS_OWN
from wire.values.identity_finder import holds_identity_number, identity_numbers_in
from wire.values.plain import USUAL_CODE, plain, unwrapped, visible

_pieces = st.sampled_from(
    ["9", "0", "1", "X", "-", " ", "号", "Ａ", "１", "⑳", "\u200b", "\u3000", number(3), "a", "ʼ", "'"]
)
_texts = st.lists(_pieces, max_size=40).map("".join) | st.text(max_size=30)
_values = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False)


@given(st.data())
def test_an_event_id_is_the_uuid5_of_what_is_stated(data: st.DataObject) -> None:
    kind = contracts()["police.household-registration"].kinds["MovedIn"]
    fields = tuple(map(field_check, kind.fields))
    some = _values | st.text() | st.lists(st.text(), max_size=3) | st.dictionaries(st.text(), st.text(), max_size=2)
    change = {field.name: data.draw(some) for field in fields}
    record, subject, withdrawn = data.draw(st.text()), data.draw(st.text()), data.draw(st.booleans())
    occurred, recorded = data.draw(st.integers()), data.draw(st.integers())
    stated = {f.name: change[f.name] for f in fields if not f.has_default or change[f.name] != f.default}
    head = [record, subject, occurred, recorded, withdrawn, "MovedIn", stated]
    name = json.dumps(head, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        expected = str(uuid5(EVENTS, f"police|police.household-registration|{name}"))
    except UnicodeEncodeError:  # half of a surrogate pair: no door lets it through
        return
    ids = EventIds("police", "police.household-registration", "MovedIn", fields)
    assert ids.of(record, subject, occurred, recorded, withdrawn, change) == expected


@given(_texts)
def test_a_text_is_searched_as_the_finder_itself_does(written: str) -> None:
    assert holds_identity_number(written) is bool(identity_numbers_in(written))


@given(_texts)
def test_what_is_printable_holds_no_format_character(written: str) -> None:
    slow = "".join(character for character in written if character.isascii() or visible(character))
    assert visible(written) == slow
    assert unwrapped(written) == unwrapped(f" {written} ")
    assert plain(written) == plain(f" {written} ")
    if slow and not slow.isspace() and "\0" not in slow:
        assert text(written) == slow


@given(st.from_regex(USUAL_CODE, fullmatch=True))
def test_a_usual_code_is_in_its_one_spelling_already(code: str) -> None:
    assert {CODES[kind](code) for kind in REGISTERS_OWN} == {code}
    assert not holds_identity_number(code)


@given(st.integers(630_000_000, 1_890_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, CITY)))
def test_a_time_is_counted_within_its_hour(written: datetime) -> None:
    shown = f"{written:%Y-%m-%d %H:%M:%S}"
    assert days.instant(shown) == int(written.replace(fold=0).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "wrong", ["2026-02-30 10:00:00", "2026-01-01 24:30:00", "2026-01-01 10:60:00", "2300-01-01 10:00:00"]
)
def test_a_time_that_does_not_exist_is_refused_all_the_same(wrong: str) -> None:
    with pytest.raises(days.Unfit):
        days.instant(wrong)


_header = st.tuples(st.text(), st.text())
_read: st.SearchStrategy[Read] = (
    st.builds(Line, st.integers(0, 2**40), st.sampled_from([("a", "b"), ("c", "")]), st.lists(st.text()), st.text())
    | st.builds(Damaged, st.integers(0, 2**40), st.text(), st.text(), st.text())
    | st.builds(Stated, st.integers(0, 2**40), st.dictionaries(st.text(), _values | st.text()), st.text())
)


@given(st.lists(_read, max_size=30), st.integers(0, 2 * BLOCK_LINES + 1))
def test_lines_come_out_of_the_spool_as_they_went_in(read: list[Read], more: int) -> None:
    read += [Line(index, ("a", "b"), [str(index)], "x") for index in range(more)]
    shares: list[float] = []
    with LineSpool() as spool:
        spool.fill(read)
        assert [line for block in spool.blocks(shares.append) for line in lines_of(block)] == read
    assert shares == sorted(shares)
    assert not read or shares[-1] == 1


def test_rounded_numbers_are_counted_in_every_spelling(tmp_path: Path) -> None:
    rounded = RoundedNumbers()
    for index in range(1, 19):
        rounded.count(number(index))
    rounded.count(f"{number(1)[:15]}000、{number(2)[:15]}000,{full_width(number(3))}")
    rounded.count("1" * 19)
    with pytest.raises(FileRefused, match="2 of 20 identity numbers end in 000"):
        rounded.refuse(tmp_path)


def _rejected(path: Path, lines: list[tuple[str, ...]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *lines])
    path.chmod(0o600)
    return path


def _line(record: str, department: str = "police") -> tuple[str, ...]:
    return ("2", "住址", "is empty", f"{record},…", department, record, "")


def test_a_mended_line_leaves_the_file_of_rejected_lines(tmp_path: Path) -> None:
    first = _rejected(tmp_path / "1.csv.rejected.csv", [_line("HK-1"), _line("HK-2"), _line("HK-3"), _line("")])
    other = _rejected(tmp_path / "2.csv.rejected.csv", [_line("HK-1", "housing")])
    own = _rejected(tmp_path / "3.csv.rejected.csv", [_line("HK-1")])
    broken = tmp_path / "4.csv.rejected.csv"
    broken.write_text("line,field\n1,2\n")
    before = broken.read_text(), own.read_text(), other.read_text()
    earlier = OpenLines(tmp_path / "3.csv", "police")
    for record in ("HK-1", "HK-2", "HK-9"):
        earlier.published("", "MovedIn", record)
    earlier.rejected(Bad("2", "住址", "is empty", "", "HK-2"))
    assert earlier.close() == Still(mended=1, open=4)
    with first.open(encoding="utf-8-sig", newline="") as file:
        assert [line["record"] for line in csv.DictReader(file)] == ["HK-2", "HK-3", ""]
    assert first.stat().st_mode & 0o077 == 0
    assert (broken.read_text(), own.read_text(), other.read_text()) == before

    again = OpenLines(tmp_path / "5.csv", "housing")
    again.published("", "Let", "HK-1")
    assert again.close().mended == 1
    assert not other.exists()


def test_nothing_is_taken_out_of_a_file_that_was_not_published(tmp_path: Path) -> None:
    first = _rejected(tmp_path / "1.csv.rejected.csv", [_line("HK-1")])
    earlier: Any = OpenLines(tmp_path / "2.csv", "police")
    earlier.published("", "MovedIn", "HK-1")
    del earlier
    assert first.exists()
