"""Where a page of a list ends: the sort key of its last item, opaque to the caller and checked when it comes back.

A cursor says nothing that the caller has not seen (it is made from the last item shown), and whatever it says, the next
page is read under the caller's own scope: a forged one learns nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from api.problems import BAD_REQUEST, Refused
from runtime.http.language import Say

Row = dict[str, Any]

LAST = "infinity"
"""How PostgreSQL writes the time after all times: that of what has no time to respond."""
REFUSED = Say("cursor 无效，请从第一页开始。", "The cursor is not one of ours; begin at the first page.")


def write(*key: str | int) -> str:
    """The cursor after an item with this sort key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def after(rank: int, time: datetime | None, key: UUID) -> str:
    """The cursor after the item of a list with this rank, time and id; no time sorts last."""
    return write(rank, time.isoformat() if time else LAST, str(key))


def page(rows: Sequence[Row], limit: int, key: str, time: str) -> tuple[Sequence[Row], str | None]:
    """The first `limit` of `rows`, and the cursor after the last of them if there are more; the names of the columns
    that hold the id and the time by which the list is sorted."""
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], after(last["rank"], last[time], last[key])


def position(cursor: str | None) -> dict[str, Any]:
    """Rank, time and id of the item that a cursor of `after` names, as the list functions take them; all None without
    one. Raises Refused (400)."""
    if not cursor:
        return {"rank": None, "time": None, "id": None}
    rank, time, key = read(cursor, int, str, str)
    try:
        moment = LAST if time == LAST else datetime.fromisoformat(str(time))
        return {"rank": int(rank), "time": moment, "id": UUID(str(key))}
    except ValueError:
        raise Refused(BAD_REQUEST, detail=REFUSED) from None


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
