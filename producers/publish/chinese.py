"""Why a line or a file was not taken, in Chinese: by the table of the department's page,
`web/static/text/reasons.js`."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent.parent / "web" / "static" / "text" / "reasons.js"
_TEXT = r'("(?:[^"\\]|\\.)*")'
_ENTRY = re.compile(rf"^  \[\s*{_TEXT},\s*{_TEXT},?\s*\],$", re.MULTILINE)
_FILLED_IN = re.compile(r"\$(\d)")


def in_chinese(reason: str) -> str | None:
    """What a reason says; None: the table does not have it."""
    for pattern, text in _table():
        if match := pattern.fullmatch(reason):
            return _FILLED_IN.sub(lambda one: _inner(match[int(one[1])]), text)
    return None


def in_both(reason: str) -> str:
    """A reason in Chinese and English."""
    chinese = in_chinese(reason)
    return f"{chinese} · {reason}" if chinese else reason


def _inner(text: str) -> str:
    return in_chinese(text) or text


@lru_cache(maxsize=1)
def _table() -> list[tuple[re.Pattern[str], str]]:
    source = TABLE.read_text("utf-8")
    return [(re.compile(json.loads(pattern), re.DOTALL), json.loads(text)) for pattern, text in _ENTRY.findall(source)]
