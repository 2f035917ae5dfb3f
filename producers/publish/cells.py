"""What stands in a cell of an office's export, read as it is meant: dates in every form, full-width digits, money.

Each converter takes the non-empty text of a cell as a person sees it (`wire.values.plain.unwrapped`) and gives the
value of the contract's field. It raises Unfit with a reason that does not repeat the text: reasons end up on screens
and in logs. What codes, documents and days are is decided in `wire/values`, for every door.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from domain import codes
from wire.values import documents
from wire.values.codes import CODES, Normalise
from wire.values.days import Unfit, day, end, instant, is_zero_day, last_day, last_day_stated
from wire.values.plain import plain
from wire.values.tables import CodeTable, table

__all__ = ["Unfit", "day", "end", "instant", "last_day", "last_day_stated"]

Convert = Callable[[str], Any]

#: What offices write into a cell that has nothing to say.
NOTHING = frozenset(
    {
        *("", "-", "--", "—", "——", "/", "\\", "\\N", "无", "空", "暂无", "NULL", "null", "None", "N/A"),
        *("Null", "(null)", "(Null)", "(NULL)", "[NULL]", "<NULL>", "<null>", "nan", "NaN", "NAN", "NaT", "<NA>"),
        *("none", "NONE", "n/a", "nil", "undefined", "//", "———", "－", "／"),
    }
)
_MONEY = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d{1,18}(?:\.\d*)?|\.\d+)", re.ASCII)
_IN_POWERS = re.compile(r"[-+]?\d+(?:\.\d*)?E[-+]?\d+", re.ASCII | re.IGNORECASE)
_UNIT = re.compile(r"\s*(?:平方米|平方|平米|m2|sqm|毫米|mm|°|度)$", re.IGNORECASE)
#: A month of one digit stands behind a separator that is no dot (2026.1 is what a spreadsheet makes of 2026.10), and
#: there are not five digits, which are a spreadsheet's number of a day.
_PERIOD = re.compile(
    r"((?:18[5-9]|19\d|2[01]\d)\d)(?:\s*[-/.年]?\s*(?:Q([1-4])|第?([1-4一二三四])季度?|(\d\d)月?)|\s*[-/年]\s*(\d)月?|年度?)?",
    re.ASCII,
)
_ONE_NUMBER = re.compile(r"\d{15}|\d{17}[\dXx]", re.ASCII)
#: A district in the 12 digits of the statistical code.
_WITH_ZEROS = re.compile(r"(\d{6})0{6}", re.ASCII)
_BETWEEN_TWO = re.compile(r"[\s:/|()_\[\]-]+")
_WITHDRAWN = frozenset({"已撤销", "撤销", "作废", "已作废"})
_HOLDS = frozenset({"正常", "有效", "未撤销", "未作废"})
_QUARTERS = {"一": "1", "二": "2", "三": "3", "四": "4"}


def text(cell: str) -> str:
    """The text as it is."""
    return cell


def number_of(cell: str) -> str:
    """A register's own number. What it may be is the contract's to say: docs/how-to/department.md."""
    return plain(cell)


def identity(cell: str) -> str:
    """A person's number. Checked at the door, by the contract."""
    return plain(cell)


def identities(cell: str) -> list[str]:
    """Several people's numbers in one cell; one number may be written in groups."""
    people: list[str] = []
    for part in re.split(r"[,;、/|\n]+", plain(cell)):
        bare = re.sub(r"\s+", "", part)
        people += [bare] if _ONE_NUMBER.fullmatch(bare) else part.split()
    return people


def with_document(kind: str, number: str) -> str:
    """A person's number with the kind of document that stands in a column of its own."""
    try:
        return documents.with_kind(kind, number)
    except codes.InvalidCode as wrong:
        raise Unfit(f"is wrong: {wrong}") from None


def yuan(cell: str) -> int:
    """An amount in yuan → fen (0.01 yuan)."""
    narrow = plain(cell).removesuffix("元").lstrip("\u00a5\uffe5").strip()
    if not _MONEY.fullmatch(narrow):
        raise Unfit("is not an amount in yuan such as 1234.50")
    fen = Decimal(narrow.replace(",", "")) * 100
    if fen != fen.to_integral_value():
        raise Unfit("is not an amount of whole fen (two decimals)")
    return int(fen)


def decimal(cell: str) -> float:
    """A decimal number, without its unit."""
    narrow = _UNIT.sub("", plain(cell))
    if _IN_POWERS.fullmatch(narrow):
        raise Unfit("was shortened by a spreadsheet (1.13E+02), which loses digits: export the column as a number")
    if not _DECIMAL.fullmatch(narrow):
        raise Unfit("is not a number such as 86.5")
    return float(narrow.replace(",", ""))


def whole(cell: str) -> int:
    """A whole number."""
    narrow = re.sub(r"\s*(?:间|人|个|户|级|年度?)$", "", plain(cell))
    if not re.fullmatch(r"-?(?:\d{1,9}|\d{1,3}(?:,\d{3}){1,2})(\.0+)?", narrow, re.ASCII):
        raise Unfit("is not a whole number")
    return int(narrow.partition(".")[0].replace(",", ""))


def period(cell: str) -> str:
    """A tax period as YYYY, YYYY-MM or YYYY-Qn; 2026年1月, 202601 and 2026年第一季度 too."""
    match = _PERIOD.fullmatch(plain(cell))
    if match is None:
        raise Unfit("is not a period such as 2026, 2026-01 or 2026-Q1")
    year, letter, named, month, short = match.groups()
    month = month or short
    if letter or named:
        return f"{year}-Q{letter or _QUARTERS.get(named, named)}"
    if month is None:
        return str(year)
    if not 1 <= int(month) <= 12:
        raise Unfit("is a month that does not exist")
    return f"{year}-{int(month):02d}"


def phone(cell: str) -> str:
    """A telephone number, its digits only."""
    return _code(CODES["phone"], cell)


def flag(cell: str) -> bool:
    """Yes or no."""
    word = plain(cell).lower()
    if word in {"是", "有", "y", "yes", "t", "true", "真", "1", "1.0", "√", "✓", "☑"} | _WITHDRAWN:
        return True
    if word in {"否", "无", "n", "no", "f", "false", "假", "0", "0.0", "×", "☐"} | _HOLDS:
        return False
    raise Unfit("is neither 是 nor 否")


def grid(cell: str) -> str:
    """A grid code of 15 digits."""
    return _code(CODES["grid"], cell)


def district(cell: str) -> str:
    """A district: its six digits, or its name with or without 区."""
    name = plain(cell).replace(" ", "").removeprefix("广东省")
    code = _WITH_ZEROS.fullmatch(name)
    known = table("gbt-2260").meaning
    return known(name) or known(name.removeprefix("广州市")) or _code(CODES["district"], code[1] if code else name)


def credit_code(cell: str) -> str:
    """A unified social credit code of 18 characters."""
    return _code(CODES["credit-code"], cell)


class choice:  # noqa: N801 - reads as the converters beside it
    """One of the department's words → the contract's; `{"male": "男|男性|1"}`."""

    def __init__(self, meanings: Mapping[str, str]) -> None:
        self._meanings = {word: meaning for meaning, words in meanings.items() for word in words.split("|")}
        #: meaning → the word that the department prefers
        self.words = {meaning: words.split("|")[0] for meaning, words in meanings.items()}

    def __call__(self, cell: str) -> str:
        meaning = self._known(cell)
        if meaning is None:
            raise Unfit(f"must be one of {', '.join(self._meanings)}")
        return meaning

    def _known(self, cell: str) -> str | None:
        """The meaning of a word, however wide it is written; of a code also in small letters, and as the number that a
        data frame makes of it (`21.0`)."""
        if (meaning := self._meanings.get(cell)) is not None:
            return meaning
        bare = plain(cell)
        return (
            self._one(bare)
            or self._meanings.get(bare.removesuffix(".0"))
            or self._one(bare.replace(" ", ""))  # 户 主, as forms are filled in
            or self._of_two(bare)
        )

    def _one(self, bare: str) -> str | None:
        return self._meanings.get(bare) or self._meanings.get(bare.upper())

    def _of_two(self, bare: str) -> str | None:
        """The meaning of a code and its word in one cell (K33:小型轿车, 小型轿车(K33)), if both mean the same."""
        parts = [part for part in _BETWEEN_TWO.split(bare) if part]
        meanings = {self._one(part) for part in parts} if len(parts) == 2 else set()
        return meanings.pop() if len(meanings) == 1 else None


class coded(choice):  # noqa: N801 - reads as the converters beside it
    """A code or word of a standard's table (`schemas/codes`) → the contract's meaning. What the table does not know is
    `unknown`, for which the contract has a meaning; `as_stated` keeps what it was.

    `besides`: meaning → further words of this office, as for `choice`. `unknown` None: such a cell is refused.
    """

    def __init__(self, name: str, unknown: str | None, besides: Mapping[str, str] | None = None) -> None:
        super().__init__(_words(table(name), besides or {}))
        self.unknown = unknown

    def __call__(self, cell: str) -> str:
        meaning = self._known(cell)
        if meaning is None and self.unknown is None:
            return super().__call__(cell)
        return meaning or self.unknown or ""

    def as_stated(self, cell: str) -> str | None:
        """The text of a cell that the table does not know; None: it does."""
        return cell if self._known(cell) is None else None


class open_choice(coded):  # noqa: N801
    """As `choice`, of an office's own words; others are `unknown`, and `as_stated` keeps them."""

    def __init__(self, meanings: Mapping[str, str], unknown: str) -> None:
        choice.__init__(self, meanings)
        self.unknown = unknown


def _words(standard: CodeTable, besides: Mapping[str, str]) -> dict[str, str]:
    """Meaning → its words and codes, the office's own first, separated by `|`."""
    words = {meaning: own.split("|") for meaning, own in besides.items()}
    for line in standard.lines:
        words.setdefault(line.meaning, []).extend(word for word in (*line.words, line.code) if word)
    return {meaning: "|".join(dict.fromkeys(all_of_it)) for meaning, all_of_it in words.items()}


def says_nothing(cell: str) -> bool:
    """Whether a cell as a person sees it has nothing to say; a day of noughts is a database's way of that."""
    return cell in NOTHING or is_zero_day(cell)


def _code(normalised: Normalise, cell: str) -> str:
    try:
        return normalised(cell)
    except codes.InvalidCode as wrong:
        raise Unfit(f"is wrong: {wrong}") from None
