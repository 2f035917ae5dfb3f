"""A rough outline of Guangzhou's 11 districts: drawn for this demo, traced from no map.

Corners in thousandths of a degree, WGS 84. The districts are about where and as large as the real ones (centre and area
of each are public); their borders are straight lines that nobody should take for real ones. How they were made, and why
no package's outlines are used: docs/decisions/0016-demo-geography.md.
"""

from __future__ import annotations

from typing import NamedTuple

#: The corners by a letter of our own; neighbours name the same ones, so nothing overlaps and nothing is left between.
CORNERS = {
    # around the city, anticlockwise from the west
    "a": (113_060, 23_280),
    "b": (113_089, 23_221),
    "c": (113_144, 23_113),
    "d": (113_180, 23_040),
    "e": (113_240, 22_962),
    "f": (113_359, 22_809),
    "g": (113_420, 22_730),
    "h": (113_540, 22_620),
    "i": (113_600, 22_610),
    "j": (113_751, 22_959),
    "k": (113_820, 23_120),
    "l": (113_940, 23_400),
    "m": (113_930, 23_530),
    "n": (113_920, 23_660),
    "o": (113_740, 23_820),
    "p": (113_560, 23_800),
    "q": (113_294, 23_637),
    "r": (113_070, 23_500),
    # where districts meet inside
    "A": (113_182, 23_100),
    "B": (113_242, 23_039),
    "C": (113_288, 23_088),
    "D": (113_290, 23_080),
    "E": (113_384, 23_035),
    "F": (113_404, 23_141),
    "G": (113_440, 23_042),
    "H": (113_482, 23_289),
    "I": (113_465, 23_376),
    "J": (113_431, 23_403),
    "K": (113_643, 22_967),
    "L": (113_708, 22_973),
}


class District(NamedTuple):
    """`ring`: its corners, anticlockwise. `streets` and `towns`: as many as the real district had in 2023."""

    ring: str
    streets: int
    towns: int


#: By the code of GB/T 2260.
OUTLINES = {
    "440103": District("eBAcd", 22, 0),
    "440104": District("ABDC", 18, 0),
    "440105": District("eEDB", 18, 0),
    "440106": District("DEGFC", 21, 0),
    "440111": District("bcACFHIJ", 20, 4),
    "440112": District("GKLHF", 16, 1),
    "440113": District("efKGE", 11, 5),
    "440114": District("abJqr", 4, 6),
    "440115": District("fghijLK", 3, 6),
    "440117": District("JImnopq", 3, 5),
    "440118": District("LjklmIH", 6, 7),
}
