"""The values at every door, function by function: numbers in texts, documents, plain codes, days, rules."""

from __future__ import annotations

import contextlib
import string
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.codes import InvalidCode
from tests.contracts.people import full_width, number
from wire.values import case_number, codes, days, documents, tables
from wire.values.documents import Document, document
from wire.values.identity_finder import MASK, holds_identity_number, identity_numbers_in, masked
from wire.values.plain import changed_by_spreadsheet, plain

PEOPLE = st.integers(min_value=0, max_value=500_000).map(number)
LETTERS = st.text(alphabet="样本路证号见到其女abcXYZ", max_size=12)
#: Everything that may stand between the digits of a number without hiding it.
BETWEEN = st.text(alphabet=" -.·_/\n\t\u00a0\u200b\u2060\ufeff\u3000\uff0d", max_size=3)
DIGITS = st.sampled_from([lambda d: d, full_width, lambda d: chr(0x660 + int(d)), lambda d: chr(0x6F0 + int(d))])


@st.composite
def written(draw: st.DrawFn) -> str:
    """Somebody's number as somebody may write it."""
    form, gap = draw(DIGITS), draw(BETWEEN)
    person = draw(PEOPLE)
    gaps = draw(st.sets(st.integers(min_value=1, max_value=17), max_size=4))
    return "".join(
        (gap if index in gaps else "") + (form(sign) if sign.isdecimal() else sign) for index, sign in enumerate(person)
    )


@settings(deadline=None, max_examples=150)
@given(LETTERS, written(), LETTERS)
def test_a_number_is_found_and_masked_however_it_is_written(before: str, hidden: str, after: str) -> None:
    before, after = before.rstrip("xX"), after.lstrip("xX")
    text = before + hidden + after
    (span,) = identity_numbers_in(text)
    assert (text[: span.start], text[span.end :]) == (before, after)
    assert masked(text) == before + MASK + after
    assert not holds_identity_number(masked(text))


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=60) | st.text(alphabet=string.digits + " -", max_size=60))
def test_what_is_masked_holds_no_number_and_the_rest_stays(text: str) -> None:
    kept = masked(text)
    assert not holds_identity_number(kept)
    assert (kept == text) == (not holds_identity_number(text))


def test_two_numbers_and_one_within_a_longer_one() -> None:
    text = f"{number(1)}和{number(2)}"
    assert masked(text) == f"{MASK}和{MASK}"
    assert holds_identity_number(f"1{number(3)}42")
    assert not holds_identity_number(number(3)[:-1] + ("0" if number(3)[-1] != "0" else "1"))


def test_fifteen_digits_are_a_number_as_a_run_of_their_own_only() -> None:
    old = number(5)[:6] + number(5)[8:17]
    assert holds_identity_number(f"旧证{old}。")
    assert holds_identity_number(f"{old[:6]} {old[6:12]} {old[12:]}")
    assert not holds_identity_number(f"{old}7")
    assert not holds_identity_number("440113001001003"), "a grid of the city"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("H12345678", ("home_return_permit", "H12345678")),
        ("h1234567803", ("home_return_permit", "H12345678")),
        ("１２３４５６７８０１(B)", ("taiwan_permit", "12345678")),
        ("台胞证：0123456701", ("taiwan_permit", "01234567")),
        ("C01X00T47", ("passport", "C01X00T47")),
        ("passport:m12345678", ("passport", "M12345678")),
        ("护照:123456789", ("passport", "123456789")),
        ("USA 1100 8201 0301", ("foreign_permanent_resident", "USA110082010301")),
        ("Z990000007", ("birth_certificate", "Z990000007")),
        (f"港澳居民居住证:{number(4)}", ("citizen", number(4))),
        (f"外国人永久居留身份证:{number(4)}", ("citizen", number(4))),
    ],
)
def test_a_document_by_its_kind_or_form(text: str, wanted: tuple[str, str]) -> None:
    assert document(text) == Document(*wanted)


def test_what_is_hashed_bears_the_kind_but_for_citizens_and_newborns() -> None:
    assert document("E12345678").hashed == "passport:E12345678"
    assert document(number(4)).hashed == number(4)
    assert document("Z990000007").hashed == "Z990000007"


@settings(deadline=None, max_examples=100)
@given(st.sampled_from([15, 17, 18]), st.data())
def test_digits_of_a_citizens_length_are_nothing_else(length: int, data: st.DataObject) -> None:
    digits = data.draw(st.text(alphabet=string.digits, min_size=length, max_size=length))
    for text in (digits, f"passport:{digits}", f"taiwan_permit:{digits}"):
        with contextlib.suppress(InvalidCode):
            assert document(text, "taiwan_permit").kind == "citizen"


@pytest.mark.parametrize("changed", ["4.40113E+18", "8001.0", "1,234,567", "#REF!", "########", "880001202611011000"])
def test_what_a_spreadsheet_changed(changed: str) -> None:
    assert changed_by_spreadsheet(changed)
    with pytest.raises(InvalidCode, match="spreadsheet"):
        codes.household(changed)


@pytest.mark.parametrize("code", ["8001", "D-1.0", "E12", "88000120261101100", "V1.0", "2E", "440113001001003"])
def test_what_none_did(code: str) -> None:
    assert not changed_by_spreadsheet(code)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_plain_is_done_once(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert not any(unicodedata.category(sign) == "Cf" for sign in once)


def test_a_device_may_be_an_imei_but_no_person() -> None:
    assert codes.device("490154203237518") == "490154203237518"
    assert codes.device_message("BR-1-17") == "BR-1-17"
    for text in (number(9), f"BR-{number(9)}", number(9)[:6] + number(9)[8:17]):
        with pytest.raises(InvalidCode):
            codes.device_message(text)


def test_a_form_knows_its_own_numbers() -> None:
    has_form = case_number.form("district+day+serial(3-5)")
    assert has_form is not None
    recorded = days.day("2026-11-02")
    assert has_form("440113202611010001", recorded)
    assert has_form("44010020261101001", recorded)
    for other in ("440113202611050001", "990000202611010001", "440113199911010001", "44011320261101000123", "x"):
        assert not has_form(other, recorded), other
    assert case_number.form("district+day") is None


@pytest.mark.parametrize("name", sorted(path.stem for path in tables.FOLDER.glob("*.csv")))
def test_every_line_of_a_table_names_its_source_and_says_if_it_was_verified(name: str) -> None:
    lines = tables.table(name).lines
    assert lines
    assert all(line.source and (line.code or line.words) for line in lines)


def test_kinds_of_documents_that_offices_name_are_kinds_that_are_read() -> None:
    assert set(tables.table("identity-documents").meanings.values()) <= set(documents.KINDS)
