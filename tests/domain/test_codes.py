"""Codes: what is right passes however it is typed, what is wrong is refused without being repeated."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.codes import (
    LONGEST_NAME,
    InvalidCode,
    dwelling_number,
    normalised_credit_code,
    normalised_grid_code,
    normalised_identity_number,
    plain_name,
)

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    place = draw(st.integers(0, 999_999))
    born = draw(st.dates(min_value=date(1900, 1, 1), max_value=date(2030, 12, 31)))
    body = f"{place:06d}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


@settings(deadline=None)
@given(numbers())
def test_a_number_is_itself_however_it_is_typed(number: str) -> None:
    assert normalised_identity_number(number) == number
    assert normalised_identity_number(f" {number.lower()}\u3000") == number
    assert normalised_identity_number(wide(number)) == number
    assert normalised_identity_number(wide(number.lower())) == number


@settings(deadline=None)
@given(numbers(), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(number: str, place: int, by: int) -> None:
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    with pytest.raises(InvalidCode) as refused:
        normalised_identity_number(wrong)
    assert wrong[:14] not in str(refused.value)


@settings(deadline=None)
@given(numbers().filter(lambda number: number[6:8] == "19"))
def test_a_number_of_the_first_generation_is_the_same_person(number: str) -> None:
    assert normalised_identity_number(number[:6] + number[8:17]) == number


def test_known_numbers() -> None:
    assert normalised_identity_number("11010519491231002x") == "11010519491231002X"  # the example of GB 11643
    for wrong in ("", "11010519491231002", "110105194912310021", "11010519491331002X", "ABCDEF19491231002X", "١" * 18):
        with pytest.raises(InvalidCode):
            normalised_identity_number(wrong)


def test_a_newborn_is_known_by_the_number_of_the_birth_certificate() -> None:
    for written in ("M440123456", " m440123456\u3000", wide("m440123456"), "Ｍ４４０１２３４５６"):
        assert normalised_identity_number(written) == "M440123456"
    for wrong in ("4401234567", "MM44012345", "M44012345", "M4401234567", "É440123456", "M44012345X"):
        with pytest.raises(InvalidCode) as refused:
            normalised_identity_number(wrong)
        assert wrong not in str(refused.value)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_refused_or_has_eighteen_characters_or_the_ten_of_a_birth_certificate(text: str) -> None:
    try:
        assert len(normalised_identity_number(text)) in (18, 10)
    except InvalidCode:
        pass


@settings(deadline=None)
@given(st.text(ALPHABET, min_size=17, max_size=17), st.integers(0, 16), st.integers(1, 30))
def test_a_credit_code_and_one_wrong_character(body: str, place: int, by: int) -> None:
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    check = (31 - sum(ALPHABET.index(c) * w for c, w in zip(body, weights, strict=True)) % 31) % 31
    code = body + ALPHABET[check]
    assert normalised_credit_code(code.lower()) == code
    wrong = code[:place] + ALPHABET[(ALPHABET.index(code[place]) + by) % 31] + code[place + 1 :]
    with pytest.raises(InvalidCode):
        normalised_credit_code(wrong)


def test_grid_codes() -> None:
    assert normalised_grid_code("440103001001001") == "440103001001001"
    for wrong in (
        "44010300100100",
        "440103000001001",
        "440103200001001",
        "440103001000001",
        "440103001001000",
        "x" * 15,
    ):
        with pytest.raises(InvalidCode):
            normalised_grid_code(wrong)


def test_a_name_is_as_long_as_an_index_and_an_address_take() -> None:
    """One statement under a longer name stopped the sink of rows, and with it everybody's, for good."""
    for name in (plain_name, dwelling_number):
        assert name("D" * LONGEST_NAME) == "D" * LONGEST_NAME
        with pytest.raises(InvalidCode, match="longer than 200 characters"):
            name("D" * (LONGEST_NAME + 1))
