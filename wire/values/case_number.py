"""Records that a register numbers by district, day and serial, and which such a number is not.

`440113202611010001` reads like a citizen's number, and one in eleven has the right check character by chance. So the
contract says of its field `record` that numbers of this form are its own: `"form": "district+day+serial(4)"`, or
`serial(3-6)` for a range of lengths. What else reads like an identity number is refused, in every field.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from domain.codes import DISTRICTS

Form = Callable[[str, int], bool]
"""Whether a record's number has the form; its second argument is the day of recording, in days since 1970-01-01."""

_FORM = re.compile(r"district\+day\+serial\(([1-9])(?:-([1-9]))?\)")
_EPOCH = date(1970, 1, 1)
#: The city, whose own offices number by it as by a district.
CITY_CODE = "440100"
#: Registers were not kept by such numbers before: an older day is somebody's birth.
FIRST_DAY = date(2000, 1, 1)


def form(declared: str) -> Form | None:
    """The form that a contract declares; None: no such form is known."""
    match = _FORM.fullmatch(declared)
    if match is None:
        return None
    shortest = int(match[1])
    lengths = range(14 + shortest, 15 + int(match[2] or shortest))

    def has_form(number: str, recorded: int) -> bool:
        if len(number) not in lengths or not (number.isascii() and number.isdecimal()):
            return False
        if number[:6] not in DISTRICTS and number[:6] != CITY_CODE:
            return False
        try:
            day = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        except ValueError:
            return False
        return day >= FIRST_DAY and (day - _EPOCH).days <= recorded + 1

    return has_form
