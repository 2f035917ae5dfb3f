"""What stands in a cell of an office's export, read as it is meant: dates in every form, full-width digits, money.

Each converter takes the stripped, non-empty text of a cell and gives the value of the contract's field. It raises
Unfit with a reason that does not repeat the text: reasons end up on screens and in logs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import isfinite
from typing import Any

from domain import codes
from domain.time import CITY

Convert = Callable[[str], Any]

#: What offices write into a cell that has nothing to say.
NOTHING = frozenset({"", "-", "--", "—", "——", "/", "\\", "\\N", "无", "空", "NULL", "null", "None", "N/A"})
EPOCH_DAY = date(1970, 1, 1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d))?)?()()", re.ASCII)
_SPACED = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:[.,](\d{1,6})\d*)?秒?|分)?)?"
    r"\s*(Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_MONEY = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?", re.ASCII)
_PERIOD = re.compile(r"(\d{4})(?:\s*[-/.年]?\s*(?:Q([1-4])|第?([1-4一二三四])季度?|(\d{1,2})月?)|年)?", re.ASCII)
_PHONE = re.compile(r"\+?\d{5,15}", re.ASCII)
_QUARTERS = {"一": "1", "二": "2", "三": "3", "四": "4"}


class Unfit(ValueError):
    """A cell does not hold what its column should; the message says what it should be, never what it is."""


def text(cell: str) -> str:
    """The text as it is."""
    return cell


def number_of(cell: str) -> str:
    """A register's own number: full width becomes ASCII, since the same number must be the same record."""
    return codes.narrow(cell)


def identity(cell: str) -> str:
    """An identity number; spreadsheets like to put an apostrophe before it. Checked at the door, by the contract."""
    return codes.narrow(cell).lstrip("'`")


def identities(cell: str) -> list[str]:
    """Several identity numbers in one cell."""
    return [identity(number) for number in re.split(r"[,;、/|\s]+", codes.narrow(cell)) if number]


@lru_cache(maxsize=65_536)
def day(cell: str) -> int:
    """A date → days since 1970-01-01: 20260131, 2026-01-31, 2026/1/31, 2026.1.31, 2026年1月31日, full width too."""
    return (_moment(cell)[0] - EPOCH_DAY).days


@lru_cache(maxsize=65_536)
def instant(cell: str) -> int:
    """A date, perhaps with a time → microseconds UTC. Without a zone it is the city's time, without a time midnight."""
    day_named, clock, zone = _moment(cell)
    local = datetime.combine(day_named, clock, CITY if zone is None else zone)
    return round((local - EPOCH).total_seconds()) * 1_000_000 + clock.microsecond


def _moment(cell: str) -> tuple[date, time_of_day, Any]:
    narrow = codes.narrow(cell)
    match = _COMPACT.fullmatch(narrow) or _SPACED.fullmatch(narrow)
    if match is None:
        raise Unfit("is not a date such as 20260131, 2026-01-31, 2026/1/31 or 2026年1月31日")
    year, month, day_, hour, minute, second, fraction, zone = match.groups()
    try:
        parsed = date(int(year), int(month), int(day_))
        clock = time_of_day(
            int(hour or 0), int(minute or 0), int(second or 0), int((fraction or "0").ljust(6, "0")[:6])
        )
        # an offset as Python itself reads it
        offset = datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").tzinfo if zone else None
    except ValueError:
        raise Unfit("is a date or time that does not exist") from None
    if not 1850 <= parsed.year < 2200:
        raise Unfit("is not a date between 1850 and 2199")
    return parsed, clock, offset


def yuan(cell: str) -> int:
    """An amount in yuan → fen (0.01 yuan)."""
    narrow = codes.narrow(cell).removesuffix("元").lstrip("\u00a5\uffe5").strip()
    if not _MONEY.fullmatch(narrow):
        raise Unfit("is not an amount in yuan such as 1234.50")
    fen = Decimal(narrow.replace(",", "")) * 100
    if fen != fen.to_integral_value():
        raise Unfit("is not an amount of whole fen (two decimals)")
    return int(fen)


def decimal(cell: str) -> float:
    """A decimal number, without its unit."""
    narrow = codes.narrow(cell).removesuffix("平方米").removesuffix("㎡").removesuffix("m2").strip()
    try:
        value = float(Decimal(narrow))
    except (InvalidOperation, OverflowError):
        raise Unfit("is not a number such as 86.5") from None
    if not isfinite(value):
        raise Unfit("is not a number such as 86.5")
    return value


def whole(cell: str) -> int:
    """A whole number."""
    narrow = codes.narrow(cell).removesuffix("间").strip()
    if not re.fullmatch(r"-?\d{1,9}", narrow, re.ASCII):
        raise Unfit("is not a whole number")
    return int(narrow)


def period(cell: str) -> str:
    """A tax period as YYYY, YYYY-MM or YYYY-Qn; 2026年1月, 202601 and 2026年第一季度 too."""
    match = _PERIOD.fullmatch(codes.narrow(cell))
    if match is None:
        raise Unfit("is not a period such as 2026, 2026-01 or 2026-Q1")
    year, letter, named, month = match.groups()
    if letter or named:
        return f"{year}-Q{letter or _QUARTERS.get(named, named)}"
    if month is None:
        return str(year)
    if not 1 <= int(month) <= 12:
        raise Unfit("is a month that does not exist")
    return f"{year}-{int(month):02d}"


def phone(cell: str) -> str:
    """A telephone number, its digits only."""
    digits = re.sub(r"[\s()-]", "", codes.narrow(cell))
    if not _PHONE.fullmatch(digits):
        raise Unfit("is not a telephone number")
    return digits


def flag(cell: str) -> bool:
    """Yes or no."""
    word = codes.narrow(cell).lower()
    if word in {"是", "有", "y", "yes", "true", "1", "已撤销", "撤销"}:
        return True
    if word in {"否", "无", "n", "no", "false", "0", "正常", "有效", "未撤销"}:
        return False
    raise Unfit("is neither 是 nor 否")


def grid(cell: str) -> str:
    """A grid code of 15 digits."""
    return _code(codes.normalised_grid_code, cell)


def district(cell: str) -> str:
    """A district: its six digits, or its name with or without 区."""
    named = {zh: code for code, (zh, _) in codes.DISTRICTS.items()}
    short = cell.strip().removeprefix("广州市").removesuffix("区")
    return named[short] if short in named else _code(codes.normalised_district_code, cell)


def credit_code(cell: str) -> str:
    """A unified social credit code of 18 characters."""
    return _code(codes.normalised_credit_code, cell)


class choice:  # noqa: N801 - reads as the converters beside it
    """One of the department's words → the contract's; `{"male": "男|男性|1"}`."""

    def __init__(self, meanings: Mapping[str, str]) -> None:
        self._meanings = {word: meaning for meaning, words in meanings.items() for word in words.split("|")}
        #: meaning → the word that the department prefers
        self.words = {meaning: words.split("|")[0] for meaning, words in meanings.items()}

    def __call__(self, cell: str) -> str:
        meaning = self._meanings.get(cell) or self._meanings.get(codes.narrow(cell))
        if meaning is None:
            raise Unfit(f"must be one of {', '.join(self._meanings)}")
        return meaning


def _code(normalised: Callable[[str], str], cell: str) -> str:
    try:
        return normalised(cell)
    except codes.InvalidCode as wrong:
        raise Unfit(f"is wrong: {wrong}") from None
