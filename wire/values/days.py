"""Days and times as offices write them, and the spellings of "no end".

Days are counted since 1970-01-01, times in microseconds since then (UTC); what has no zone is the city's time. Every
function takes a text that is not empty and raises Unfit with a reason that does not repeat it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as time_of_day
from functools import lru_cache
from typing import NamedTuple

from domain.time import CITY
from wire.values.day_spellings import as_usual, why_not
from wire.values.plain import plain

EPOCH_DAY = date(1970, 1, 1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_COMPACT = re.compile(
    r"(\d{4})(\d\d)(\d\d)(?:[T ]*(\d\d):?(\d\d)(?::?(\d\d)(?:\.(\d{1,9})|(\d{3}))?)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_SPACED = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]*(?P<half>上午|下午|中午|晚上|凌晨|AM|PM)?\s*(\d{1,2})(?:[:时点]\s*(?:(\d{1,2})"
    r"(?:[:分]\s*(?:(\d{1,2})(?:[.,](\d{1,9}))?秒?)?)?)?)?\s*(?P<after>AM|PM|上午|下午)?)?"
    r"\s*(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
#: How registers write most times. Their hours are few, and what is within one is counted.
_USUAL = re.compile(r"(\d{4}-\d\d-\d\d (?:[01]\d|2[0-3])):([0-5]\d):([0-5]\d)", re.ASCII)
#: The city's clocks were changed before, once within an hour.
FROM_HERE_BY_HOURS = "1992"
_ZERO = re.compile(
    r"0{4}[-/.年]?0{1,2}[-/.月]?0{1,2}日?(?:[T ]*0{1,2}[:时]?(?:0{1,2}[:分]?(?:0{1,2}(?:\.0+)?秒?)?)?)?", re.ASCII
)
_SERIAL = re.compile(r"[1-9]\d{4}(?:\.\d+)?", re.ASCII)
#: No end, in words.
_NO_END = frozenset(
    {
        *("长期", "长期有效", "长期租赁", "永久", "永久有效", "永久性", "终身", "终生", "至今", "今", "现在"),
        *("无期限", "无固定期限", "无限期", "不限", "不限期", "无限", "无限制", "无终止日期", "不定期", "未定", "待定"),
        *(
            "至今有效",
            "迄今",
            "目前",
            "永远",
            "长久",
            "长期居住",
            "长期持有",
            "无终止",
            "无截止日期",
            "无限期有效",
            "未定期",
        ),
        *(
            "终身有效",
            "终生有效",
            "长久有效",
            "长期居留",
            "无固定期",
            "不固定期限",
            "无期",
            "未约定",
            "不限制",
            "长期不变",
        ),
        *("long-term", "longterm", "permanent", "indefinite", "forever", "open", "open-ended", "infinity", "∞"),
    }
)
#: 至2026-12-31, 2026-12-31止: a day of an end, said twice.
_UNTIL = re.compile(r"^[至到]\s*(?=\d)|(?<=[\d日])\s*[止]$")
_WRAPPED = re.compile(r"[(\[](.+)[)\]]")
#: From this day on an end is none: registers write 2099-12-31, 2199-12-31, 2999-12-31, 9999-12-31.
_ENDLESS = (2099, 12, 31)
#: What databases write for no day: SQL Server's 1900-01-01 and 1753-01-01, Excel's 0 (1899-12-30 or 1900-01-00), .NET's
#: 0001-01-01, Unix's 1970-01-01. As an end they say "none": nothing that a register states ended on them.
_NO_DAYS = frozenset(
    {(1900, 1, 1), (1900, 1, 0), (1899, 12, 30), (1899, 12, 31), (1753, 1, 1), (1, 1, 1), (1970, 1, 1), (1800, 1, 1)}
)


#: A day of them that is stated as a fact is none either: nobody who is registered was born on 1900-01-01. On the first
#: day of 1970 people were.
_NEVER = _NO_DAYS - {(1970, 1, 1)}
NEVER = "is the day that a database writes for none (1900-01-01, 1899-12-30): leave it empty"
#: Those of them in days since 1970-01-01 that a contract's day or time could be.
NEVER_DAYS = frozenset(range((date(1899, 12, 30) - EPOCH_DAY).days, (date(1900, 1, 1) - EPOCH_DAY).days + 1))


class Unfit(ValueError):
    """A text does not hold what its field should; the message says what it should be, never what it is."""


class Written(NamedTuple):
    """A day and time as they are written. `days_on`: 1 for 24:00, which is midnight of the next day; `timed`: a time of
    day is written."""

    year: int
    month: int
    day: int
    clock: time_of_day
    days_on: int
    zone: tzinfo | None
    timed: bool = False


def is_zero_day(text: str) -> bool:
    """Whether `text` is a database's zero for a day that is not known, such as MySQL's 0000-00-00."""
    return text[:1] in ("0", "\uff10") and _ZERO.fullmatch(plain(text)) is not None


@lru_cache(maxsize=65_536)
def day(text: str) -> int:
    """A date → days since 1970-01-01: 20260131, 2026-01-31, 2026/1/31, 2026.1.31, 2026年1月31日, full width too. A time
    behind it, 24:00 included, is of that day; one with a zone is of the city's day at that instant."""
    return (_city_date(_stated(text)) - EPOCH_DAY).days


@lru_cache(maxsize=65_536)
def last_day(text: str) -> int | None:
    """A column that names the *last day* of a term → the first day after it, which contracts call `until`; None: no
    end, in any of its spellings."""
    written = _end(text)
    return None if written is None else (_city_date(written) - EPOCH_DAY).days + 1


def end(text: str) -> int | None:
    """When a term ends, as `instant`; a day without a time is its last one, so it ends with it. None: no end."""
    written = _end(text)
    if written is None:
        return None
    return instant(text if written.timed else f"{_date(written).isoformat()} 24:00")


def _end(text: str) -> Written | None:
    bare = _UNTIL.sub("", plain(text))
    word = _WRAPPED.sub(r"\1", bare.replace(" ", "")).lower()
    if word in _NO_END or word == "0" or is_zero_day(bare):  # 0 is what a formula gives for an empty cell
        return None
    written = _written(bare)
    return None if written[:3] >= _ENDLESS or written[:3] in _NO_DAYS else written


def last_day_stated(text: str) -> int:
    """As `last_day`, of a term that must have an end."""
    until = last_day(text)
    if until is None:
        raise Unfit("says that there is no end, but the term must have one: state its last day")
    return until


def instant(text: str) -> int:
    """A date, perhaps with a time → microseconds UTC. Without a zone it is the city's time, without a time midnight."""
    usual = _USUAL.fullmatch(text)
    if usual is None or text < FROM_HERE_BY_HOURS:
        return _instant(text)
    hour, minute, second = usual.groups()
    return _instant(hour + ":00:00") + (int(minute) * 60 + int(second)) * 1_000_000


@lru_cache(maxsize=65_536)
def _instant(text: str) -> int:
    written = _stated(text)
    stated = _date(written) + timedelta(days=written.days_on)
    local = datetime.combine(stated, written.clock, CITY if written.zone is None else written.zone)
    since = local - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _city_date(written: Written) -> date:
    """The day that is meant: programs write the city's midnight as 16:00 of the day before, in UTC."""
    stated = _date(written)
    if written.zone is None:
        return stated
    return datetime.combine(stated, written.clock, written.zone).astimezone(CITY).date()


def _date(written: Written) -> date:
    try:
        stated = date(*written[:3])
    except ValueError:
        raise Unfit("is a date or time that does not exist") from None
    if not 1850 <= stated.year < 2200:
        raise Unfit("is not a date between 1850 and 2199")
    return stated


def _stated(text: str) -> Written:
    written = _written(text)
    if written[:3] in _NEVER:
        raise Unfit(NEVER)
    return written


def _written(text: str) -> Written:
    bare = plain(text)
    match = _COMPACT.fullmatch(bare) or _SPACED.fullmatch(bare) or _SPACED.fullmatch(as_usual(bare))
    if match is None:
        if _SERIAL.fullmatch(bare):
            raise Unfit("is a spreadsheet's number of a day: give the column the format of a date and export it again")
        raise Unfit(why_not(bare) or "is not a date such as 20260131, 2026-01-31, 2026/1/31 or 2026年1月31日")
    if match.re is _COMPACT:
        year, month, day_, hour, minute, second, fraction, thousandths, zone = match.groups()
        fraction, half = fraction or thousandths, None
    else:
        year, month, day_, half, hour, minute, second, fraction, after, zone = match.groups()
        half = half or after
    try:
        clock, days_on = _clock(hour, minute, second, fraction, half)
        zone = f"{zone}:00" if zone and len(zone) == 3 else zone  # as PostgreSQL writes it
        # an offset as Python itself reads it
        offset = datetime.fromisoformat(f"2000-01-01T00:00:00{zone.upper()}").tzinfo if zone else None
    except ValueError:
        raise Unfit("is a date or time that does not exist") from None
    return Written(int(year), int(month), int(day_), clock, days_on, offset, hour is not None)


def _clock(
    hour: str | None, minute: str | None, second: str | None, fraction: str | None, half: str | None
) -> tuple[time_of_day, int]:
    """The time of day, and 1 if it is the 24th hour. Raises ValueError."""
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    micros = int((fraction or "0").ljust(6, "0")[:6])
    if half is not None:
        hours = _of_half(half.upper(), hours)
    if (hours, minutes, seconds, micros) == (24, 0, 0, 0):
        return time_of_day(0), 1
    return time_of_day(hours, minutes, seconds, micros), 0


#: The hours that stand with a part of the day, counted to 12 or to 24. 晚上12点 is
#: the end of the night to whoever says it, and noon to a program.
_BEFORE_NOON, _AFTER_NOON = frozenset(range(13)), frozenset(range(24))
_HALVES = {
    "AM": _BEFORE_NOON,
    "上午": _BEFORE_NOON,
    "凌晨": _BEFORE_NOON,
    "中午": frozenset({10, 11, 12, 13, 14, 1, 2}),
    "PM": _AFTER_NOON,
    "下午": _AFTER_NOON,
    "晚上": frozenset({*range(5, 12), *range(17, 24)}),
}


def _of_half(half: str, hours: int) -> int:
    """The hour of the day. Raises ValueError for one that its half cannot have."""
    if hours not in _HALVES[half]:
        raise ValueError
    if half in ("AM", "上午", "凌晨"):
        return 0 if hours == 12 else hours
    return hours if hours >= 12 or (half == "中午" and hours > 3) else hours + 12
