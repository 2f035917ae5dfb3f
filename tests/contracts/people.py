"""People who do not exist, with identity numbers that check out: their first six digits were never a place."""

from __future__ import annotations


def number(index: int) -> str:
    """The identity number of the person `index` (0 … 500,000)."""
    day, serial = divmod(index, 999)
    body = f"990000{1950 + day // 336}{1 + day % 336 // 28:02d}{1 + day % 28:02d}{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def full_width(text: str) -> str:
    """`text` as some offices type it: every ASCII character in full width."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
