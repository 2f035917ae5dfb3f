"""Where a page of a list ends: the sort key of its last item, opaque to the caller and checked when it comes back.

A cursor says nothing that the caller has not seen (it is made from the last item shown), and whatever it says, the next
page is read under the caller's own scope: a forged one learns nothing.
"""

from __future__ import annotations

import base64
import binascii
import json

from api.problems import BAD_REQUEST, Refused
from runtime.http.language import Say

REFUSED = Say("cursor 无效，请从第一页开始。", "The cursor is not one of ours; begin at the first page.")


def write(*key: str | int) -> str:
    """The cursor after an item with this sort key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def read(cursor: str, *types: type[str] | type[int]) -> tuple[str | int, ...]:
    """The sort key in `cursor`, of these types. Raises Refused (400) if it is not of that form."""
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise Refused(BAD_REQUEST, detail=REFUSED) from None
    fits = isinstance(key, list) and len(key) == len(types)
    if not fits or any(type(part) is not wanted for part, wanted in zip(key, types, strict=True)):
        raise Refused(BAD_REQUEST, detail=REFUSED)
    if any(isinstance(part, int) and not 0 <= part < 2**63 for part in key):
        raise Refused(BAD_REQUEST, detail=REFUSED)
    return tuple(key)
