"""Identity documents: kind and number as offices write them, in the one form that is pseudonymised.

A person is written as a number (`99000019600909901X`), or with the kind before it (`passport:E12345678`,
`护照:E12345678`). Without a kind the form decides. Digits of length 15, 17 or 18 are judged only as citizens' numbers,
for a slip there must not become a document of another kind. What may be two kinds is refused, unless the contract says
what 8 digits are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from domain.codes import InvalidCode, normalised_identity_number
from wire.values.plain import changed_by_spreadsheet, plain
from wire.values.tables import table

EPOCH = date(1970, 1, 1).toordinal()

CITIZEN = "citizen"
"""All numbers of 18 characters: citizens', those of residents from Hong Kong, Macau and Taiwan (81, 82, 83), and those
of foreign permanent residents' cards since 2023 (9…). Their spaces do not overlap, so the kind adds nothing."""
BIRTH_CERTIFICATE = "birth_certificate"
HOME_RETURN_PERMIT = "home_return_permit"
TAIWAN_PERMIT = "taiwan_permit"
FOREIGN_PERMANENT_RESIDENT = "foreign_permanent_resident"
RESIDENCE_PERMIT = "residence_permit"
PASSPORT = "passport"
OTHER = "other"

_GAPS = re.compile(r"[\s._/·-]+")
_BRACKETS = re.compile(r"[()\[\]]")
_HONG_KONG_CARD = re.compile(r"[A-Z]{1,2}\d{6}\([\dA]\)")
#: With a check digit in brackets, or in the groups in which Macau writes it. Without either it is eight digits.
_MACAU_CARD = re.compile(r"\d{7}\(\d\)|\d/\d{6}/\d")
_CITIZEN = re.compile(r"\d{15}|\d{17}[\dX]?", re.ASCII)
_CUT_OFF = re.compile(r"\d+X", re.ASCII)
_BIRTH_CERTIFICATE = re.compile(r"[A-Z]\d{9}", re.ASCII)
_HOME_RETURN = re.compile(r"([HM]\d{8})(?:\d{2})?", re.ASCII)
_TAIWAN = re.compile(r"(\d{8})(?:\d{2}[A-Z]?)?", re.ASCII)
_TAIWAN_OLD = re.compile(r"(\d{8})\d{2}[A-Z]", re.ASCII)
_FOREIGN = re.compile(r"[A-Z]{3}\d{12}", re.ASCII)
_PASSPORT = re.compile(r"(?=(?:[A-Z]*\d){5})(?=\d*[A-Z])[A-Z0-9]{7,9}", re.ASCII)
_ANY_PASSPORT = re.compile(r"(?=(?:[A-Z]*\d){4})[A-Z0-9]{5,14}", re.ASCII)
_OTHER = re.compile(r"(?=.*\d)[A-Z0-9\u4e00-\u9fff]{4,30}")
_UNCERTAIN = "may be a document of several kinds: state the kind (a column 证件类型, or passport:… before the number)"


class Document(NamedTuple):
    """An identity document. `number` in its one spelling, without the digits that count reissues."""

    kind: str
    number: str

    @property
    def hashed(self) -> str:
        """What its pseudonym is made of: the number of a citizen or newborn alone, any other with its kind."""
        return self.number if self.kind in (CITIZEN, BIRTH_CERTIFICATE) else f"{self.kind}:{self.number}"

    @property
    def born(self) -> int | None:
        """The day of birth that a number of 18 states, in days since 1970-01-01; None: the document has none."""
        if self.kind != CITIZEN:
            return None
        return day_of_birth(self.number)


def is_citizens_form(text: str) -> bool:
    """Whether `text` can only be a number of 18, written without anything else."""
    return len(text) == 18 and text.isascii() and text[:17].isdecimal()


def day_of_birth(number: str) -> int:
    """The day that a number of 18 states, in days since 1970-01-01."""
    return date.fromisoformat(number[6:14]).toordinal() - EPOCH


def document(text: str, eight_digits: str | None = None, *, newborns: bool = True) -> Document:
    """The document that `text` names. `eight_digits`: the kind that 8 digits have in this contract; `newborns`: whether
    a letter and 9 digits are a birth certificate's there, for Taiwan's own cards have that form, too. Raises
    InvalidCode, whose message repeats nothing of it."""
    if is_citizens_form(text):
        return Document(CITIZEN, normalised_identity_number(text))
    stated, number = _split(text)
    if changed_by_spreadsheet(number) and not number.isdecimal():
        raise InvalidCode("it was changed by a spreadsheet: export the column as text")
    if _HONG_KONG_CARD.fullmatch(number) and stated != OTHER:
        raise InvalidCode("a Hong Kong identity card is not matched here: state the Home Return Permit's number")
    if stated != OTHER and (_MACAU_CARD.fullmatch(number) or _MACAU_CARD.fullmatch(plain(text))):
        raise InvalidCode("a Macau identity card is not matched here: state the Home Return Permit's number")
    number = _BRACKETS.sub("", number)
    if _CITIZEN.fullmatch(number):
        if stated in (HOME_RETURN_PERMIT, TAIWAN_PERMIT, PASSPORT):
            raise InvalidCode("the number is a citizen's by its form, but another kind of document is stated")
        return Document(CITIZEN, normalised_identity_number(number))
    return _stated(stated, number) if stated else _by_form(number, eight_digits, newborns)


@lru_cache(maxsize=4096)
def kind_of(word: str) -> str:
    """The kind that an office's word or code means (`schemas/codes/identity-documents.csv`). Raises InvalidCode."""
    bare = plain(word).replace(" ", "").removesuffix(".0")
    meaning = bare.lower() if bare.lower() in _FORMS else table("identity-documents").meaning(bare)
    if meaning is None:
        raise InvalidCode("it is no kind of identity document, such as 身份证, 护照, 港澳居民来往内地通行证 or 台胞证")
    return meaning


def with_kind(kind: str, number: str) -> str:
    """How a person is written whose document's kind stands in a column of its own. Raises InvalidCode."""
    return f"{kind_of(kind)}:{number}"


def _split(text: str) -> tuple[str | None, str]:
    bare = plain(text).upper()
    kind, colon, number = bare.rpartition(":")
    stated = kind_of(kind) if colon else None
    return stated, _GAPS.sub("", number) if not changed_by_spreadsheet(number) else number


def _by_form(number: str, eight_digits: str | None, newborns: bool) -> Document:
    if _BIRTH_CERTIFICATE.fullmatch(number):
        if not newborns:
            raise InvalidCode(f"it is a letter and 9 digits, which {_UNCERTAIN}")
        return Document(BIRTH_CERTIFICATE, number)
    if match := _HOME_RETURN.fullmatch(number):
        return Document(HOME_RETURN_PERMIT, match[1])
    if _FOREIGN.fullmatch(number):
        return Document(FOREIGN_PERMANENT_RESIDENT, number)
    if match := _TAIWAN_OLD.fullmatch(number):
        return Document(TAIWAN_PERMIT, match[1])
    if re.fullmatch(r"\d{8}", number, re.ASCII):
        if _reads_as_date(number):
            raise InvalidCode("it is 8 digits that read as a date: state the kind of document if they are none")
        if eight_digits is None:
            raise InvalidCode(f"it is 8 digits, which {_UNCERTAIN}")
        return Document(eight_digits, number)
    if number.isdecimal() or _CUT_OFF.fullmatch(number):
        if len(number) in (9, 10):
            raise InvalidCode(f"it is {len(number)} digits, which {_UNCERTAIN}")
        raise InvalidCode(
            "an identity number has 17 digits and a check character, or 15 digits; a birth certificate's a capital "
            "letter and 9 digits; another document's its own form"
        )
    if re.fullmatch(r"[HM]\d*", number, re.ASCII):
        raise InvalidCode("a Home Return Permit's number is H or M and 8 digits, with a reissue 10")
    if _PASSPORT.fullmatch(number):
        return Document(PASSPORT, number)
    raise InvalidCode(
        "it is neither an identity number (17 digits and a check character, or 15 digits), nor a travel permit's, a "
        "passport's, a foreign permanent resident's or a birth certificate's"
    )


def _stated(kind: str, number: str) -> Document:
    normalised = _FORMS[kind](number)
    if normalised is None:
        raise InvalidCode("the number does not have the form of the kind of document that is stated")
    return Document(kind, normalised)


def _kept(form: re.Pattern[str]) -> Callable[[str], str | None]:
    return lambda number: number if form.fullmatch(number) else None


def _first_part(form: re.Pattern[str]) -> Callable[[str], str | None]:
    def part(number: str) -> str | None:
        match = form.fullmatch(number)
        return match[1] if match else None

    return part


_FORMS: Mapping[str, Callable[[str], str | None]] = {
    CITIZEN: lambda _: None,  # what has its form was taken before
    RESIDENCE_PERMIT: lambda _: None,
    BIRTH_CERTIFICATE: _kept(_BIRTH_CERTIFICATE),
    HOME_RETURN_PERMIT: _first_part(_HOME_RETURN),
    TAIWAN_PERMIT: _first_part(_TAIWAN),
    FOREIGN_PERMANENT_RESIDENT: _kept(_FOREIGN),
    PASSPORT: _kept(_ANY_PASSPORT),
    OTHER: _kept(_OTHER),
}
KINDS = tuple(_FORMS)


def _reads_as_date(digits: str) -> bool:
    """Also for 30 February: a slip of a date is no more a permit than the date."""
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    return 1900 <= year < 2100 and 1 <= month <= 12 and 1 <= day <= 31
