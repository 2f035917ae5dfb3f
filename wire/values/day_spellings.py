"""Days as databases and programs write them that nobody told how: Oracle, DB2, Java, and the day of the week beside."""

from __future__ import annotations

import re

#: What programs make of a time that nobody told them how to write.
_COUNTED = re.compile(r"1\d{9}(?:\d{3})?|/Date\(-?\d+(?:[+-]\d{4})?\)/", re.ASCII)
COUNTED = "is a program's count of seconds or milliseconds since 1970: have it write a date such as 2026-01-31 08:30:00"
_TWO_DIGITS = re.compile(r"\d{1,2}-[A-Z]{3}-\d\d(?!\d).*|\d{1,2}-\d{1,2}月\s*-\d\d(?!\d).*", re.IGNORECASE | re.DOTALL)
TWO_DIGITS = "has a year of two digits, so its century is not known: export it with four"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_OFFSET = r"(?P<zone> [A-Z]{3,4}(?:[+-]\d\d:?\d\d)?)"
#: A month by its name and a year of four digits: Oracle's 01-NOV-2026 and 01-11月-2026, Gson's Nov 1, 2026 9:00:00 AM,
#: Java's Sun Nov 01 09:00:00 CST 2026.
_NAMED_MONTH = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        rf"(?P<day>\d{{1,2}})[- ](?:{_MONTH}|(?P<number>\d{{1,2}})月)\s*[- ](?P<year>\d{{4}})(?P<time>(?:[T ].*)?)",
        rf"{_MONTH} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}),?(?P<time>(?: .*)?)",
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} +(?P<day>\d\d?)(?P<time> [\d:.]+){_OFFSET}? (?P<year>\d{{4}})",
        rf"(?P<year>\d{{4}})-{_MONTH}-(?P<day>\d{{1,2}})(?P<time>(?:[T ].*)?)",
    )
)
#: Oracle and DB2 write a time with dots: 09.00.00.000000.
_DOTTED = re.compile(r"(?<=[- \d])(\d{1,2})\.(\d\d)\.(\d\d)(?=\.|\D|$)", re.ASCII)
_DB2 = re.compile(r"(\d{4}-\d\d-\d\d)-(\d\d)\.(\d\d)\.(\d\d)(\.\d{1,9})?", re.ASCII)
_DAY_OF_THE_WEEK = re.compile(r"[\s(\[]*(?:星期|周|礼拜)[一二三四五六日天][)\]]?(?=\s|\d|上|下|中|晚|凌|$)")
#: China's own time, however a program names it; CST is China Standard Time in a city of China.
_CITY_TIME = re.compile(
    r"\s*(?:(\+08(?::?00)?)\s*)?(?:CST|(?:UTC|GMT)\+0?8(?::?00)?|\[?Asia/(?:Shanghai|Chongqing)\]?|北京时间)$",
    re.IGNORECASE,
)


def as_usual(bare: str) -> str:
    """A day as other programs write it (its month by name, a day of the week, China's time) in the usual form."""
    bare = _DAY_OF_THE_WEEK.sub("", bare, count=1)
    bare = _DB2.sub(r"\1 \2:\3:\4\5", bare)
    bare = _CITY_TIME.sub(" +08:00", bare)
    for form in _NAMED_MONTH:
        if (match := form.fullmatch(bare)) is not None:
            named = match.groupdict()
            month = named.get("number") or _MONTHS.index(named["month"].lower()) + 1
            zone = _CITY_TIME.sub(" +08:00", named.get("zone") or "").replace(" UTC", "Z").replace(" GMT", "Z")
            time = _DOTTED.sub(r"\1:\2:\3", named["time"])
            return f"{named['year']}-{month}-{named['day']}{time}{zone}"
    return bare


def why_not(bare: str) -> str | None:
    """Why a text that tells a day to its program is not read as one; None: it is no such text."""
    if _COUNTED.fullmatch(bare):
        return COUNTED
    return TWO_DIGITS if _TWO_DIGITS.fullmatch(bare) else None
