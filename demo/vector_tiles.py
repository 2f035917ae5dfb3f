"""Writes vector tiles (Mapbox Vector Tile 2.1): lines and polygons of a few classes, which is all that the demo draws.

Why not by a library: docs/decisions/0048-base-map.md. What is written is read back by one in the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

EXTENT = 8192
BUFFER = 128
"""What lies so far outside a tile is in it as well, so that nothing ends at its border."""
LINES, POLYGONS = 2, 3
MOVE, LINE, CLOSE = 1, 2, 7

Point = tuple[int, int]


@dataclass
class Shapes:
    """Commands of one feature; where its last shape ended, from which the next one is measured."""

    commands: bytearray = field(default_factory=bytearray)
    x: int = 0
    y: int = 0

    def add(self, points: Sequence[Point], *, closed: bool) -> None:
        """A line, or a ring whose first point is not repeated."""
        (x, y), *rest = points
        self.commands += b"\x09" + zigzag(x - self.x) + zigzag(y - self.y) + varint(len(rest) << 3 | LINE)
        for next_x, next_y in rest:
            self.commands += zigzag(next_x - x) + zigzag(next_y - y)
            x, y = next_x, next_y
        if closed:
            self.commands.append(1 << 3 | CLOSE)
        self.x, self.y = x, y


class Tile:
    """The shapes of one tile by layer and class."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, str, int], Shapes] = {}

    def shapes(self, layer: str, name: str, kind: int) -> Shapes:
        """Those of one class, to which more may be added. `kind`: LINES or POLYGONS."""
        return self._shapes.setdefault((layer, name, kind), Shapes())

    def encoded(self) -> bytes:
        """The tile as Protocol Buffers: each class of a layer is one feature with the tag `class`."""
        layers: dict[str, list[tuple[str, int, Shapes]]] = {}
        for (layer, name, kind), shapes in sorted(self._shapes.items(), key=lambda one: one[0]):
            layers.setdefault(layer, []).append((name, kind, shapes))
        return b"".join(_part(3, _layer(name, features)) for name, features in layers.items())


def clipped_line(start: Point, end: Point) -> tuple[Point, Point] | None:
    """The part of a line that lies in a tile or its buffer."""
    low, high = -BUFFER, EXTENT + BUFFER
    (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
    if low <= x <= high and low <= y <= high and low <= end[0] <= high and low <= end[1] <= high:
        return start, end
    enters, leaves = 0.0, 1.0
    for away, distance in ((-dx, x - low), (dx, high - x), (-dy, y - low), (dy, high - y)):
        if away < 0:
            enters = max(enters, distance / away)
        elif away > 0:
            leaves = min(leaves, distance / away)
        elif distance < 0:
            return None
    if enters >= leaves:
        return None
    return (round(x + dx * enters), round(y + dy * enters)), (round(x + dx * leaves), round(y + dy * leaves))


def clipped_ring(ring: Sequence[Point]) -> list[Point]:
    """The part of a convex ring that lies in a tile or its buffer (Sutherland and Hodgman)."""
    points = list(ring)
    for axis, limit, sign in ((0, -BUFFER, 1), (0, EXTENT + BUFFER, -1), (1, -BUFFER, 1), (1, EXTENT + BUFFER, -1)):
        kept: list[Point] = []
        for one, other in zip(points[-1:] + points[:-1], points, strict=True):
            before, after = (one[axis] - limit) * sign, (other[axis] - limit) * sign
            if (before < 0) != (after < 0):
                part = before / (before - after)
                kept.append((round(one[0] + (other[0] - one[0]) * part), round(one[1] + (other[1] - one[1]) * part)))
            if after >= 0:
                kept.append(other)
        points = kept
    return points


def varint(number: int) -> bytes:
    """A whole number from 0 on, as Protocol Buffers write it."""
    if number < 128:
        return _ONE_BYTE[number]
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)


def zigzag(number: int) -> bytes:
    """A whole number of either sign."""
    return varint(number << 1 if number >= 0 else -number * 2 - 1)


_ONE_BYTE = [bytes([number]) for number in range(128)]


def _layer(name: str, features: Iterable[tuple[str, int, Shapes]]) -> bytes:
    written, names = _part(1, name.encode()), []
    for number, (value, kind, shapes) in enumerate(features):
        names.append(value)
        written += _part(2, _part(2, varint(0) + varint(number)) + b"\x18" + varint(kind) + _part(4, shapes.commands))
    written += _part(3, b"class")
    for value in names:
        written += _part(4, _part(1, value.encode()))
    return written + b"\x28" + varint(EXTENT) + b"\x78\x02"


def _part(number: int, content: bytes | bytearray) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + bytes(content)
