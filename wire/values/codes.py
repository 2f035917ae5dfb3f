"""One normaliser for every kind of code, named in the contract beside the field: `"code": "household"`.

Each takes the text as it came in and gives the code in its one spelling, or raises `domain.codes.InvalidCode` with a
reason that does not repeat it. Every door calls them through `producers.publish.statement`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from domain.codes import (
    DISTRICTS,
    InvalidCode,
    dwelling_number,
    normalised_credit_code,
    normalised_district_code,
    normalised_grid_code,
    plain_name,
)
from wire.values.identity_finder import holds_identity_number
from wire.values.plain import NO_VALUE, plain, refuse_changed
from wire.values.tables import table

Normalise = Callable[[str], str]

_PHONE = re.compile(r"\+?\d{5,15}", re.ASCII)
_MOBILE = re.compile(r"(?:\+|00)?86(1\d{10})", re.ASCII)
#: A Chinese fixed line with the country's code: +86 20 88888888.
_FIXED = re.compile(r"(?:\+|00)?860?((?:10|[2-9]\d)\d{7,9})", re.ASCII)
#: Hong Kong, Macau and Taiwan, with which many here telephone, without the plus.
_NEIGHBOURS = re.compile(r"(?:85[23]\d{8}|8869\d{8})", re.ASCII)
#: Of a number within the city: 88888888 is one.
LOCAL_DIGITS = 8
#: What can be dialled: a mobile, an area with its number, a number of the city, a service, and what begins with a plus.
_DIALLED = re.compile(
    r"1[3-9]\d{9}|0(?:10|[2-9]\d{1,2})\d{7,8}|[2-9]\d{6,7}|[48]00\d{7}|(?:1\d|9[56])\d{3,4}|\+[1-9]\d{6,14}", re.ASCII
)
_PLATE_GAPS = re.compile(r"[\s.·•‧・∙_-]+")
#: Two letters or more in it come from a province's character and its city's letter, or from an office's own series.
_PLATE = re.compile(
    r"(?:(?:WJ)?(?:(?![蓝黄绿白黑车号牌照无未新临])[\u4e00-\u9fff]){1,3}[A-Z0-9]{2,11}|[A-Z0-9]{3,12})"
    r"(?:[学警港澳挂领使临试超外民]|应急)?"
)
LONGEST_PLATE = 12
#: As the register of vehicles keeps a number apart from its province: A12345. Which province it is it does not say.
_WITHOUT_PROVINCE = re.compile(r"[A-Z](?=\D*\d)[A-Z0-9]{5}")
#: A province's character, its city's letter, and behind them a letter that no serial has.
_SERIAL_OF_PLATE = re.compile(r"^[\u4e00-\u9fff][A-Z](?=[A-Z0-9]{5,6}$)[A-Z0-9]*[IO]")
#: A plate holds a digit, and no word behind it that says its colour or that it is one.
_DIGIT_OF_PLATE = re.compile(r"[0-9]")
_NOTE_OF_PLATE = re.compile("(?:[蓝黄绿白黑]|黄绿|渐变绿)(?:牌|底|色)*$|牌照?$|^无|^未|^临牌")
_PARTS = re.compile(r"[\s/_.:-]+")
#: What programs and clerks write for "none", and what a column is filled with downwards.
_NO_CODE = NO_VALUE | {"na", "unknown", "tbd", "ditto", "true", "false"}
#: Greek and Cyrillic letters, which look like Latin ones and make another code.
_LOOKALIKE = re.compile("[\u0370-\u03ff\u0400-\u052f]")
#: A star, a label before a colon, a quotation mark, a note in brackets, a hyphen or full stop that leads nowhere.
_NOTED = re.compile(
    "[*:?!<>=|~{}%$\u2605\u203b\u3002'`\"\u2018\u2019\u201c\u201d]|^[+@]|[(\\[][^)\\]]*[\u4e00-\u9fff][^)\\]]*[)\\]]|^[-.]|[-.]$"
)
_LEFT_OVER = frozenset(",;:\u3001\u3002")
_QUOTATION_MARK = re.compile("['`\"\u2018\u2019\u201c\u201d]")
_SEVERAL = re.compile("[ ,;\u3001]")
#: An extension behind a telephone number: 020-88888888-801, 88888888转801.
_EXTENSION = re.compile(r"((?:\(?0\d{2,3}\)?[- ]?)?\d{7,8})\s*(?:-|转|ext\.?|x|#)\s*\d{1,6}", re.IGNORECASE)
_TRADITIONAL = str.maketrans("粵滬遼魯黑", "粤沪辽鲁黑")


def own_number(text: str) -> str:
    """A register's own number: plain, neither changed by a spreadsheet nor holding a control character."""
    return refuse_none(refuse_changed(plain_name(plain(text))))


def refuse_none(code: str) -> str:
    """`code` as it is. Raises InvalidCode for what only stands where a code should stand: nothing, a word for nothing,
    "as above", or a letter of another alphabet that looks like a Latin one."""
    if not code:
        raise InvalidCode("it is empty")
    if code.casefold() in _NO_CODE or not any(character.isascii() and character.isalnum() for character in code):
        raise InvalidCode("it says that there is none, or that it is as above: a code holds a letter or digit")
    if _QUOTATION_MARK.search(code):
        raise InvalidCode("it holds a quotation mark on one side only: leave it out")
    if _LOOKALIKE.search(code):
        raise InvalidCode("it holds a Greek or Cyrillic letter that looks like a Latin one: type it anew")
    return code


def record(text: str) -> str:
    """A record's number. What stands before serials of 18 digits and noughts is judged by the contract's form."""
    code = _no_nought(refuse_none(plain_name(plain(text))))
    if code[-1] in _LEFT_OVER or code[0] in _LEFT_OVER:
        raise InvalidCode("it begins or ends with a comma or semicolon: are there several, or was one left over?")
    return code if code.isdecimal() else refuse_changed(code)


def dwelling(text: str) -> str:
    """A dwelling's number in the address register: one word, and no name of another kind of place."""
    return dwelling_number(_one_word(text, "a dwelling's number"))


def household(text: str) -> str:
    """A household's number in the police register: one word."""
    return _one_word(text, "a household's number")


def device(text: str) -> str:
    """A device's own number. One of 15 digits is an IMEI if its check digit is right, whatever else it reads like."""
    return _machines(own_number(text))


def device_message(text: str) -> str:
    """What a device or its platform calls a message, e.g. its number and the sequence of the message. A machine writes
    nobody's number in groups, so separators end a run: else one in some thousand would read like one by chance."""
    code = record(text)
    for part in _PARTS.split(code):
        if part:
            _machines(refuse_changed(part))
    return code


def _machines(code: str) -> str:
    is_imei = len(code) == 15 and code.isdecimal() and _luhn(code) == 0
    if not is_imei and holds_identity_number(code):
        raise InvalidCode("it holds an identity number")
    return code


def _luhn(digits: str) -> int:
    """The remainder of ISO/IEC 7812-1; 0: the check digit is right."""
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(part // 10 + part % 10 for part in doubled)) % 10


def grid(text: str) -> str:
    code = normalised_grid_code(refuse_changed(plain(text)))
    _refuse_elsewhere(code[:6])
    return code


def district(text: str) -> str:
    """A district's six digits; of one that was merged or renamed, those of the district that it is in now."""
    code = normalised_district_code(refuse_changed(plain(text)))
    code = table("gbt-2260").meaning(code) or code
    _refuse_elsewhere(code)
    return code


def _refuse_elsewhere(district: str) -> None:
    """Nobody of this city would ever see what is said about another's place."""
    if district not in DISTRICTS:
        raise InvalidCode(f"{district} is no district of this city, whose districts are {', '.join(DISTRICTS)}")


def credit_code(text: str) -> str:
    return normalised_credit_code(refuse_changed(plain(text)).replace(" ", "").replace("-", ""))


def phone(text: str) -> str:
    """A telephone number: its digits; of a Chinese mobile without the country's code, of a desk without extension."""
    number = refuse_changed(plain(text))
    extended = _EXTENSION.fullmatch(number)
    digits = re.sub(r"[\s()-]", "", extended[1] if extended else number)
    mobile = _MOBILE.fullmatch(digits)
    if mobile is not None:
        return mobile[1]
    abroad = _FIXED.fullmatch(digits)
    digits = f"0{abroad[1]}" if abroad is not None else digits
    if digits[:2] == "00" and digits.strip("0"):
        digits = f"+{digits[2:]}"
    elif _NEIGHBOURS.fullmatch(digits):
        digits = f"+{digits}"
    if not _PHONE.fullmatch(digits):
        raise InvalidCode("a telephone number has 5 to 15 digits")
    if len(set(digits)) == 1 and (digits[0] in "01" or len(digits) != LOCAL_DIGITS):
        raise InvalidCode("it is one digit throughout, which is typed where there is no number: leave it empty")
    if not _DIALLED.fullmatch(digits):
        raise InvalidCode("nobody can dial it: a mobile has 11 digits from 13 to 19 on, others their area, abroad a +")
    return digits


def plate(text: str) -> str:
    """A vehicle's plate: capitals without dot, blank or hyphen: 粤A·B0600, 粤A-B0600 and 粤a b0600 are one."""
    code = _PLATE_GAPS.sub("", refuse_changed(plain_name(plain(text))).upper().translate(_TRADITIONAL))
    _no_nought(code)
    if _SERIAL_OF_PLATE.search(code):
        raise InvalidCode("the serial of a plate has neither I nor O (GA 36): are they 1 and 0?")
    if _NOTE_OF_PLATE.search(code):
        raise InvalidCode("a plate stands alone, without its colour or a note behind it")
    if not (_PLATE.fullmatch(code) and _DIGIT_OF_PLATE.search(code) and len(code) <= LONGEST_PLATE):
        raise InvalidCode("a plate has 3 to 12 letters, digits and Chinese characters, one digit at least")
    if code.isdecimal() or _WITHOUT_PROVINCE.fullmatch(code):
        raise InvalidCode("a plate begins with its province: 粤A12345, not A12345 or 12345")
    return code


def _no_nought(code: str) -> str:
    if not code.strip("0-_."):
        raise InvalidCode("it is nought, which a formula gives for an empty cell: leave the cell empty")
    return code


def _one_word(text: str, what: str) -> str:
    code = own_number(text)
    _no_nought(code)
    if _NOTED.search(code):
        raise InvalidCode(f"{what} stands alone, without a mark, label or note beside it")
    if _SEVERAL.search(code):
        raise InvalidCode(f"{what} is one word, without a blank, comma or semicolon: are there several?")
    return code


CODES: Mapping[str, Normalise] = {
    "record": record,
    "dwelling": dwelling,
    "household": household,
    "legal-person": credit_code,
    "credit-code": credit_code,
    "grid": grid,
    "district": district,
    "phone": phone,
    "plate": plate,
    "number": own_number,
    "device": device,
    "device-message": device_message,
    "ours": plain_name,
}
"""Kind of code → its normaliser. `number`: a register's own number of some other thing; `ours`: made by citygrid."""

REGISTERS_OWN = frozenset({"record", "number", "dwelling", "household"})
"""Codes that a register makes up: one that is `plain.USUAL_CODE` is in its one spelling already."""

OWN_FORM = frozenset(
    {
        *("legal-person", "credit-code", "grid", "district", "phone", "plate", "ours"),
        *("device", "device-message"),
    }
)
"""Codes of a form of their own: checked against that, and not searched for identity numbers, which by chance they may
read like."""


def as_registered(subject: str, number: str) -> str:
    """The number by which somebody looks up a `subject` (dwelling, legal_person …), in the one spelling that every door
    gives it. What can be none is given back as it is: nothing is registered under it."""
    normalised = CODES.get(subject.replace("_", "-"))
    if normalised is None:
        return number
    try:
        return normalised(number)
    except InvalidCode:
        return number
