"""A code as it was meant: without what keyboards, spreadsheets and web pages put around it or into it."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from domain.codes import InvalidCode

#: What a program writes that has no value, case-folded.
NO_VALUE = frozenset(
    {"nan", "nat", "none", "null", "n/a", "nil", "<na>", "<null>", "(null)", "[null]", "undefined", "\\n"}
)
#: "As above": what a person reads from the line above nobody can know from this one.
AS_ABOVE = frozenset({"同上", "同左", "同前", "上同", "〃", "″", "''", "ditto"})
#: What a spreadsheet writes so that it keeps a code as text: `="D-1"`, with the quotation marks doubled or not.
_FORMULA = re.compile(r'=\s*"+(.*?)"+', re.DOTALL)
_APOSTROPHES = "'`\u2018\u2019\u02bc\u2032\u00b4"
#: A cell that stands between quotation marks as a whole: a program quoted it twice.
_BETWEEN_QUOTES = re.compile(r'"+([^"]*)"+')
#: A blank of a web page that a program wrote as its name.
_NAMED_BLANK = re.compile("&nbsp;?|&#160;", re.IGNORECASE)
_FLOAT = re.compile(r"\d+\.0+")
#: A program writes the sign of an exponent, or no nought before it: 3E02 is a door, 3E+02 and 4E18 are none.
_POWER = re.compile(r"(?:\d|\d{1,3}[.,]\d+)E(?:[+-]\d+|[1-9]\d?)|\d{1,3}[.,]\d+E\d+", re.IGNORECASE)
#: What a spreadsheet makes of a code such as 1-2 or 2-11: 1月2日, 2026/1/2, 2-Jan, Nov-11.
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY_OF_A_CODE = re.compile(
    rf"\d{{1,2}}月\d{{1,2}}日|(?:19|20)\d\d/\d{{1,2}}/\d{{1,2}}|\d{{1,2}}-{_MONTH}(?:-\d\d(?:\d\d)?)?|{_MONTH}-\d\d",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
#: A code as registers write nearly all: a letter, then letters and digits, perhaps with hyphens between them, in ASCII,
#: with a digit, so that it is no word for "none", and not as a spreadsheet writes a month (Jan-02). It is in its plain
#: form, no spreadsheet can have changed it, and it is too short for an identity number.
USUAL_CODE = re.compile(r"(?![A-Za-z]{3}-[0-9]{2}$)(?=[A-Za-z-]*[0-9])[A-Za-z](?:-?[A-Za-z0-9]){0,13}")
_MISTAKE = re.compile(r"#+|#N/A|#[A-Z_]{3,12}[!?]|#DIV/0!|#GETTING_DATA", re.IGNORECASE)
#: A formula that a spreadsheet shows instead of its result.
_FORMULA_SHOWN = re.compile(r"=\s*[-+(]*(?:[A-Z][A-Z0-9.]*\(|(?:'[^']+'|\w+)!|\$?[A-Z]{1,3}\$?\d)", re.IGNORECASE)
#: Quotation marks around a code, which a program wrote so that a spreadsheet keeps it as text.
_QUOTED = re.compile(r"\"+([^\"]*)\"+|\u201c([^\u201d]*)\u201d|\u300c([^\u300d]*)\u300d")
#: What keyboards give for a hyphen though it is none: a prolonged sound mark, lines of boxes, a bullet.
_HYPHEN_LIKE = frozenset("\u2212\u2043\u2500\u2501\u30fc\uff70\u02d7\u02c9\u00af")
#: A spreadsheet keeps so many digits of a number and writes 0 for the rest (IEEE 754 double, as Excel shows it).
EXACT_DIGITS = 15


def visible(text: str) -> str:
    """`text` without format characters (Unicode Cf): zero-width blanks, byte order marks, marks of direction."""
    if text.isascii() or text.isprintable():
        return text  # most texts: Unicode's format characters are among those that are not printed
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def unwrapped(text: str) -> str:
    """`text` without blanks around it, `="…"` around it or an apostrophe before it: a cell as a person sees it."""
    if not (text[:1].isalnum() and text[-1:].isalnum()):
        return _unwrapped(text)
    if text.isascii() or (text.isprintable() and text[0] not in _APOSTROPHES):
        return text  # most cells: nothing stands around them, and what is printable holds no format character
    return _unwrapped(text)


@lru_cache(maxsize=16_384)
def _unwrapped(text: str) -> str:
    bare = visible(text)
    if "&" in bare:
        bare = _NAMED_BLANK.sub(" ", bare)
    before = None
    while bare != before:
        before = bare
        bare = bare.strip()
        if bare[:1] in _APOSTROPHES:
            # a program's quotation marks stand on both sides, a spreadsheet's apostrophe before the text only
            bare = bare.strip(_APOSTROPHES) if bare[-1:] in _APOSTROPHES else bare.lstrip(_APOSTROPHES)
        elif bare[:1] in ("=", '"'):
            wrapped = _FORMULA.fullmatch(bare) or _BETWEEN_QUOTES.fullmatch(bare)
            bare = wrapped[1] if wrapped else bare
    return bare


def plain(text: str) -> str:
    """A code in its plain form: `unwrapped`, compatibility forms (full width, circled, superscript) as what they stand
    for (NFKC), digits of other scripts and dashes of other widths as ASCII, blanks as one."""
    if text.isascii() and text[:1].isalnum() and text[-1:].isalnum() and "  " not in text:
        return text
    bare, before = unwrapped(text), None
    while bare != before:
        before = bare
        if not bare.isascii():
            bare = unwrapped("".join(map(_ascii, unicodedata.normalize("NFKC", bare))))
        if (quoted := _QUOTED.fullmatch(bare)) is not None:
            bare = unwrapped(next(part for part in quoted.groups() if part is not None))
    return re.sub(" +", " ", bare) if "  " in bare else bare


def changed_by_spreadsheet(code: str) -> bool:
    """Whether a spreadsheet or a data frame took the code for a number and wrote another: `4.40113E+18`, `8001.0`,
    `8,001`, `1月2日`, `####`, or 15 digits and noughts for all the rest (from 18 digits on: fewer noughts prove
    nothing)."""
    if code.isdecimal():
        return len(code) >= EXACT_DIGITS + 3 and not code[EXACT_DIGITS:].strip("0")
    if not code[:1].isdecimal() and code[:1] not in ("#", "="):
        return _DAY_OF_A_CODE.fullmatch(code) is not None
    forms = (_POWER, _FLOAT, _THOUSANDS, _MISTAKE, _DAY_OF_A_CODE)
    return code[:1] == "=" or any(form.fullmatch(code) for form in forms)


def is_spreadsheet_error(text: str) -> bool:
    """Whether a cell holds what a spreadsheet shows in the place of a value: `#N/A`, `#REF!`, `####`, or the formula
    itself: `=VLOOKUP(A2,B:C,2,0)`, `=B2`."""
    if text[:1] == "#":
        return _MISTAKE.fullmatch(text.strip()) is not None
    return text[:1] == "=" and _FORMULA_SHOWN.match(text) is not None


def refuse_changed(code: str) -> str:
    """`code` as it is. Raises InvalidCode if a spreadsheet changed it: nobody can tell any more what it was."""
    if changed_by_spreadsheet(code):
        raise InvalidCode("it was changed by a spreadsheet: export the column as text")
    return code


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd" or character in _HYPHEN_LIKE:
        return "-"
    return " " if category == "Zs" else character
