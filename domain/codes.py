"""Codes that the city's registers use, and how to tell a code from a slip of the pen.

Identity number: GB 11643. Unified social credit code: GB 32100.
Grid code: district 6 + street 3 + community 3 + grid 3.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache

#: Full width → ASCII (U+FF01–U+FF5E), ideographic space → space.
_NARROW = {0xFF01 + offset: 0x21 + offset for offset in range(0x5E)} | {0x3000: 0x20}

_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_IDENTITY_CHECKS = "10X98765432"
_DIGITS = frozenset("0123456789")
_CAPITALS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)

#: GB/T 2260: the districts of Guangzhou.
DISTRICTS = {
    "440103": ("荔湾", "Liwan"),
    "440104": ("越秀", "Yuexiu"),
    "440105": ("海珠", "Haizhu"),
    "440106": ("天河", "Tianhe"),
    "440111": ("白云", "Baiyun"),
    "440112": ("黄埔", "Huangpu"),
    "440113": ("番禺", "Panyu"),
    "440114": ("花都", "Huadu"),
    "440115": ("南沙", "Nansha"),
    "440117": ("从化", "Conghua"),
    "440118": ("增城", "Zengcheng"),
}


#: Characters of a name: a key of PostgreSQL's indexes holds 2,700 bytes, and an address of the API as many characters.
LONGEST_NAME = 200
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_OTHER_PLACE = re.compile(r"(?:\d{6}|\d{15})$|grid/|district/")

#: Fields of a change that name a subject, by its kind: what they name gets a row of its own.
NAMING_FIELDS = {"dwelling": "dwelling", "household": "household"}


class InvalidCode(ValueError):
    """A code that cannot be right. The message says why, never the code."""


def narrow(text: str) -> str:
    """`text` with full-width characters as ASCII ones, and without spaces around it."""
    return (text if text.isascii() else text.translate(_NARROW)).strip()


def normalised_identity_number(number: str) -> str:
    """The 18 characters of a citizen identity number, residence permit or foreign permanent resident's card; or the ten
    of a birth certificate (出生医学证明编号), by which a newborn is known until it is given a number.

    Full width becomes ASCII, x becomes X, a number of the first generation (15 digits, all born in the 20th century)
    gets its century and check character. Checked are the check character and that the birth date exists; the first six
    digits are a code at issue and prove nothing. Raises InvalidCode.
    """
    code = narrow(number).upper()
    if len(code) == 10 and code[0] in _CAPITALS and _DIGITS.issuperset(code[1:]):
        return code
    if len(code) == 15 and _DIGITS.issuperset(code):
        body = f"{code[:6]}19{code[6:]}"
        code = body + _identity_check(body)
    if len(code) != 18 or not (code[:17].isdecimal() and code[:17].isascii()):
        raise InvalidCode(
            "an identity number has 17 digits and a check character, or 15 digits; a birth certificate's a capital "
            "letter and 9 digits"
        )
    if code[17] != _identity_check(code):
        raise InvalidCode("the check character of the identity number is wrong")
    if fault := _fault_of_birth(code[6:14]):
        raise InvalidCode(fault)
    return code


@lru_cache(maxsize=65_536)  # people have few days of birth
def _fault_of_birth(digits: str) -> str | None:
    try:
        born = date.fromisoformat(digits)
    except ValueError:
        return "the birth date in the identity number does not exist"
    return "the birth date in the identity number lies before 1850" if born.year < 1850 else None


def with_check_character(digits: str) -> str:
    """An identity number out of its first 17 digits. Raises InvalidCode if there are not 17."""
    if len(digits) != 17 or not _DIGITS.issuperset(digits):
        raise InvalidCode("the check character belongs to 17 digits")
    return digits + _identity_check(digits)


def _identity_check(number: str) -> str:
    # district, birth and serial number each: every event has a number, and of each part there are few
    total = _weighed(number[:6], 0) + _weighed(number[6:14], 6) + _weighed(number[14:17], 14)
    return _IDENTITY_CHECKS[total % 11]


@lru_cache(maxsize=65_536)
def _weighed(digits: str, place: int) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, _IDENTITY_WEIGHTS[place:], strict=False))


def normalised_credit_code(code: str) -> str:
    """The 18 characters of a unified social credit code. Raises InvalidCode.

    An unknown registering authority or type is no error: the standard's lists grow.
    """
    code = narrow(code).upper()
    if len(code) != 18 or any(character not in _CREDIT_ALPHABET for character in code):
        raise InvalidCode("a credit code has 18 characters, digits and capitals without I, O, S, V, Z")
    if _credit_check(code) != code[17]:
        raise InvalidCode("the check character of the credit code is wrong")
    return code


def with_credit_check(characters: str) -> str:
    """A credit code out of its first 17 characters. Raises InvalidCode if they are not that."""
    if len(characters) != 17 or any(character not in _CREDIT_ALPHABET for character in characters):
        raise InvalidCode("the check character belongs to 17 characters, digits and capitals without I, O, S, V, Z")
    return characters + _credit_check(characters)


def _credit_check(code: str) -> str:
    total = sum(_CREDIT_ALPHABET.index(c) * weight for c, weight in zip(code, _CREDIT_WEIGHTS, strict=False))
    return _CREDIT_ALPHABET[(31 - total % 31) % 31]


def normalised_grid_code(code: str) -> str:
    """The 15 digits of a grid: district 6, street (001–099) or town (100–199), community 3, grid 3.

    Raises InvalidCode.
    """
    code = narrow(code)
    if len(code) != 15 or not _DIGITS.issuperset(code):
        raise InvalidCode("a grid code has 15 digits: district 6, street 3, community 3, grid 3")
    if not 1 <= int(code[6:9]) <= 199:
        raise InvalidCode("the street of a grid code is 001–099, a town 100–199")
    if code[9:12] == "000" or code[12:] == "000":
        raise InvalidCode("the community and the grid of a grid code are not 000")
    return code


def normalised_district_code(code: str) -> str:
    """The six digits of a district (GB/T 2260). Raises InvalidCode."""
    code = narrow(code)
    if len(code) != 6 or not _DIGITS.issuperset(code):
        raise InvalidCode("a district code has 6 digits (GB/T 2260)")
    return code


def plain_name(name: str) -> str:
    """`name`, a register's own number, as it is. Raises InvalidCode if it holds a line break or another control
    character, or is longer than `LONGEST_NAME`: names are parts of keys, which such a character would divide, and which
    nobody could keep."""
    if len(name) > LONGEST_NAME:
        raise InvalidCode(f"it is longer than {LONGEST_NAME} characters")
    if _CONTROL.search(name):
        raise InvalidCode("it holds a line break or another control character")
    return name


def dwelling_number(number: str) -> str:
    """`number` as it is. Raises InvalidCode if it reads like a district, a grid or a place that is no dwelling: two
    subjects would share what is kept by name."""
    if _OTHER_PLACE.match(plain_name(number)):
        raise InvalidCode("a dwelling's number is no district or grid code and does not begin with grid/ or district/")
    return number


#: Kinds of subjects that are named, and how one is written: one subject has one key, however its code was typed.
SUBJECT_CODES: Mapping[str, Callable[[str], str]] = {
    "dwelling": dwelling_number,
    "household": plain_name,
    "legal-person": normalised_credit_code,
    "grid": normalised_grid_code,
    "district": normalised_district_code,
}
