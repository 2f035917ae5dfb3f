"""What a place is called: street, community and grid, each said once.

Registers repeat the higher name in the lower one ("示例一街道" in "示例一街道东社区"); here each is said once.
"""

from __future__ import annotations

from collections.abc import Sequence

SHORTEST_SHARED = 2  # characters; one alone is shared by chance
BETWEEN_EN = ", "


def place_zh(names: Sequence[str | None]) -> str | None:
    """`示例一街道 东社区 03网格` of names from the street down; None if none is known."""
    return " ".join(_each_once([name for name in names if name])) or None


def place_en(names: Sequence[str | None]) -> str | None:
    """`Grid 03, East community, Sample Street 1` of the same names; None if none is known."""
    known = [name for name in names if name]
    short = [name.removesuffix(BETWEEN_EN + above) for above, name in zip(["", *known], known, strict=False)]
    return BETWEEN_EN.join(reversed(short)) or None


def _each_once(names: list[str]) -> list[str]:
    return [_without_shared(above, name) for above, name in zip(["", *names], names, strict=False)]


def _without_shared(above: str, name: str) -> str:
    """`name` without the longest beginning that `above` ends with; whole if nothing would be left."""
    for length in range(len(name) - 1, SHORTEST_SHARED - 1, -1):
        if above.endswith(name[:length]):
            return name[length:].strip()
    return name
