"""What a field of a change must hold: one function a field, made from its contract once.

A check takes what a door was given and returns it as it goes on the wire: text without format characters, codes in
their one spelling, no identity number inside. It raises ValueError with a reason that does not repeat the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from math import isfinite, nan
from typing import Any, NamedTuple

from domain.codes import NAMING_FIELDS, InvalidCode
from wire.schema import (
    LARGEST_LONG,
    LEAST_LONG,
    Array,
    Enum,
    Field,
    Format,
    Limits,
    Map,
    Primitive,
    Type,
    holds_text,
    label,
    without_null,
)
from wire.values.codes import CODES, OWN_FORM, REGISTERS_OWN, Normalise
from wire.values.days import NEVER, NEVER_DAYS
from wire.values.garbled import is_garbled
from wire.values.identity_finder import holds_identity_number, masked
from wire.values.plain import AS_ABOVE, NO_VALUE, USUAL_CODE, is_spreadsheet_error, unwrapped, visible

Check = Callable[[Any], Any]

LONGEST_TEXT = 4_000
#: Of a word for nothing.
LONGEST_WORD = 9
MASKED = "is masked with stars, so nobody is named: export it unmasked"
ENCODED = "is written as for a page or a program (&amp;, <br>, %E6, \\u6d4b): export it as plain text"
LOST = "has characters that were lost when it was written: export it as UTF-8"
#: Texts in which nobody asks anything: a question mark stands for a character that an encoding did not have.
WITHOUT_QUESTIONS = frozenset({"name", "address", "origin", "destination"})
#: Words of clerks for nothing, that are no name and no address.
NOTHING = frozenset({"无", "空", "暂无"})
#: The replacement character, and its UTF-8 read as GB18030.
_LOST = re.compile("\ufffd|锟斤拷")
HOLDS_NUMBER = "holds an identity number, which only identity fields may"
LONGS = Limits(LEAST_LONG, LARGEST_LONG, "is not a 64-bit number")
#: A name that is masked; in an address a star stands for a hidden number.
_STARS = re.compile("[*\uff0a\u2217\u25cf\u25cb\u25a0\u25a1]|(?<=[\u4e00-\u9fff])[xX\u00d7]{1,3}$")
_AS_A_PROGRAM = re.compile(
    r"&(?:#\d+|#x[0-9a-f]+|[a-z]{2,8});|</?[a-z][^<>]*>|(?:%[0-9a-f]{2}){2}|\\u[0-9a-f]{4}|\\[nrt]", re.IGNORECASE
)
_SURROGATE = re.compile("[\ud800-\udfff]")


class FieldCheck(NamedTuple):
    """A field of a change. `check` is for what is no person's number; `identity`: it is one, `many`: a list of them."""

    name: str
    check: Check
    identity: bool
    many: bool
    has_default: bool
    default: Any
    may_be_null: bool


def field_check(field: Field) -> FieldCheck:
    """How the values of `field` are checked."""
    code = field.code or NAMING_FIELDS.get(field.name, "")
    check = coded(CODES[code]) if code else _check_of_field(field)
    if field.masked:
        check = _masking(check)
    elif code not in OWN_FORM and field.format is None and holds_text(field.type):
        one_text = code or isinstance(without_null(field.type), Primitive)
        check = _searching(check) if one_text else _searching_all(check)
    if code in REGISTERS_OWN:
        check = usual_code(check)
    if field.name in WITHOUT_QUESTIONS and not code:
        check = _without_questions(check)
    default = field.default if field.has_default else None
    may_be_null = field.has_default and default is None
    return FieldCheck(
        field.name, check, field.identity, field.identity and field.many, field.has_default, default, may_be_null
    )


def text(value: Any) -> str:
    """`value` without format characters. Raises ValueError if it is no text, empty, too long or holds what is no
    character."""
    # what is printable holds neither a control character (NUL), nor a format character, nor half a surrogate pair
    if (
        type(value) is str
        and value.isprintable()
        and value
        and len(value) <= LONGEST_TEXT
        and not value.isspace()
        and value[0] not in "#="
        and (value.isascii() or not _LOST.search(value))
    ):
        return value
    if type(value) is not str:
        raise ValueError("must be text")
    if not value or value.isspace():
        raise ValueError("is empty")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"is longer than {LONGEST_TEXT} characters")
    if "\0" in value:
        raise ValueError("has a NUL character")
    if is_spreadsheet_error(value):
        raise ValueError(
            "was changed by a spreadsheet into an error or a formula (#N/A, ####, =B2): mend it there and export it "
            "again"
        )
    if _LOST.search(value):
        raise ValueError(LOST)
    if not value.isascii():
        if _SURROGATE.search(value):
            raise ValueError("has half of a surrogate pair, which is no character")
        value = visible(value)
        if not value or value.isspace():
            raise ValueError("is empty")
    return str(value)


def stated(value: Any) -> str:
    """`value` as a person reads it: without what programs and spreadsheets put around a text. Raises ValueError also
    for what a program writes for nothing, and for "as above"."""
    bare = unwrapped(text(value))
    if not bare:
        raise ValueError("is empty")
    if len(bare) <= LONGEST_WORD and (bare in AS_ABOVE or bare.casefold() in NO_VALUE):
        raise ValueError("says that there is none, or that it is as above: state it, or null where it may be missing")
    return bare


def coded(normalised: Normalise) -> Check:
    """The check of a code: its one spelling."""

    def check(value: Any) -> str:
        try:
            return normalised(text(value))
        except InvalidCode as wrong:
            raise ValueError(f"is wrong: {wrong}") from None

    return check


def usual_code(check: Check) -> Check:
    """As `check` of a code that a register makes up, quicker where nothing is to be looked at."""
    is_usual = USUAL_CODE.fullmatch
    return lambda value: value if type(value) is str and is_usual(value) else check(value)


def _searching(check: Check) -> Check:
    """An identity number has no place in a text or in another number: there it would travel in the open."""

    def checked(value: Any) -> Any:
        value = check(value)
        if holds_identity_number(value):
            raise ValueError(HOLDS_NUMBER)
        return value

    return checked


def _searching_all(check: Check) -> Check:
    def checked(value: Any) -> Any:
        value = check(value)
        if any(map(holds_identity_number, _texts(value))):
            raise ValueError(HOLDS_NUMBER)
        return value

    return checked


def _without_questions(check: Check) -> Check:
    def checked(value: Any) -> Any:
        value = check(value)
        if "?" in value or "\uff1f" in value or is_garbled(value):
            raise ValueError(LOST)
        if _STARS.search(value):
            raise ValueError(MASKED)
        if _AS_A_PROGRAM.search(value):
            raise ValueError(ENCODED)
        if value in NOTHING or not any(map(str.isalpha, value)):
            raise ValueError("holds no letter, or the word for nothing, so it says nothing of a person or place")
        return value

    return checked


def _masking(check: Check) -> Check:
    """What a person saw is kept, and a number in it masked."""
    return lambda value: _masked(check(value))


def _texts(value: Any) -> Iterable[str]:
    match value:
        case str():
            return (value,)
        case dict():
            return (text for text in (*value.keys(), *value.values()) if isinstance(text, str))
        case list():
            return (text for text in value if isinstance(text, str))
    return ()


def _masked(value: Any) -> Any:
    match value:
        case str():
            return masked(value)
        case dict():
            return {masked(key): _masked(item) for key, item in value.items()}
        case list():
            return [_masked(item) for item in value]
    return value


def _check_of_field(field: Field) -> Check:
    if field.bounds is not None:
        return _whole(field.bounds)
    return _check(field.type) if field.format is None else _formatted(field.format)


def _formatted(form: Format) -> Check:
    fits = re.compile(form.pattern).fullmatch

    def check(value: Any) -> str:
        written = text(value)
        if not fits(written):
            raise ValueError(form.otherwise)
        return written

    return check


def _check(schema: Type) -> Check:
    match without_null(schema):
        case Primitive(is_date=True, limits=limits):
            return _of_the_calendar(_whole(limits or LONGS))
        case Primitive(name="int" | "long", limits=limits):
            return _whole(limits or LONGS)
        case Enum(symbols=symbols):
            return _symbol(frozenset(symbols))
        case Array(items=inner):
            check_item = _check(inner)
            return lambda value: [check_item(item) for item in _instance(value, list | tuple, "must be a list")]
        case Map(values=inner):
            check_value = _check(inner)
            return lambda value: {
                text(key): check_value(item) for key, item in _instance(value, dict, "must be a mapping").items()
            }
        case Primitive(name="string"):
            return stated
        case Primitive(name="double"):
            return _real
        case Primitive(name="boolean"):
            return lambda value: _instance(value, bool, "must be true or false")
    raise ValueError(f"contracts hold no fields of type {label(schema)}")


def _instance(value: Any, of: Any, reason: str) -> Any:
    if not isinstance(value, of):
        raise ValueError(reason)  # noqa: TRY004 (the caller's data, not the caller's code)
    return value


def _whole(limits: Limits) -> Check:
    least, most, otherwise = limits

    def check(value: Any) -> int:
        if type(value) is not int:
            raise ValueError("must be a whole number")
        if not least <= value <= most:
            raise ValueError(otherwise)
        return value

    return check


def _of_the_calendar(check: Check) -> Check:
    def checked(value: Any) -> Any:
        value = check(value)
        if value in NEVER_DAYS:
            raise ValueError(NEVER)
        return value

    return checked


def _real(value: Any) -> float:
    try:
        real = float(value) if type(value) in (int, float) else nan
    except OverflowError:  # a whole number of hundreds of digits
        real = nan
    if not isfinite(real):
        raise ValueError("must be a finite number")
    return real


def _symbol(symbols: frozenset[str]) -> Check:
    def check(value: Any) -> str:
        if type(value) is not str or value not in symbols:
            raise ValueError(f"must be one of {', '.join(sorted(symbols))}")
        return value

    return check
