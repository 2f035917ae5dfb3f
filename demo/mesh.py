"""Convex areas cut into convex parts that share every corner, so that the parts tile the whole exactly.

Corners are whole numbers (millionths of a degree): a cut's ends are rounded once, and whoever has that border takes the
new corner over. Only + - * / are used, which every machine rounds alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from demo.draw import Draw

Corner = tuple[int, int]
Ring = list[Corner]
"""Corners anticlockwise, the first not repeated."""
Way = tuple[Corner, Corner]

LON_PER_LAT = 0.92
"""Length of a degree of longitude over that of a degree of latitude at Guangzhou."""
NORTH = 9.0
"""Millionths of a degree of latitude in a metre."""
EAST = NORTH / LON_PER_LAT
NEAR = 30
"""A cut that comes so near to a corner (millionths of a degree, about 3 m) goes through it."""
STEPS = 14
"""Halvings until a cut is where the shares want it: better than 1 in 10,000."""


class Mesh:
    """The borders between areas. An area is known by its ring as it was when it was cut; `whole` adds what came
    since."""

    def __init__(self) -> None:
        self._between: dict[tuple[Corner, Corner], Corner] = {}

    def whole(self, ring: Ring) -> Ring:
        """The ring with every corner that a neighbour's or its own parts' cuts have put on its border."""
        return [
            corner for index, corner in enumerate(ring) for corner in self._along(corner, ring[(index + 1) % len(ring)])
        ]

    def parts(self, ring: Ring, count: int, draw: Draw) -> Iterator[Ring]:
        """`ring` as `count` parts of about the same size."""
        if count == 1:
            yield ring
            return
        few = count // 2
        one, other = self._cut(self.whole(ring), few / count, draw)
        yield from self.parts(one, few, draw)
        yield from self.parts(other, count - few, draw)

    def _along(self, one: Corner, other: Corner) -> Iterator[Corner]:
        """The corners from `one` up to `other`, not included."""
        middle = self._between.get((one, other))
        if middle is None:
            yield one
        else:
            yield from self._along(one, middle)
            yield from self._along(middle, other)

    def _cut(self, ring: Ring, share: float, draw: Draw) -> tuple[Ring, Ring]:
        """Two parts, the first about `share` of the whole, by a line across the longer way."""
        wide = (max(x for x, _ in ring) - min(x for x, _ in ring)) * LON_PER_LAT
        high = max(y for _, y in ring) - min(y for _, y in ring)
        while True:
            tilt = draw.share() * 0.5 - 0.25
            across = (1.0, tilt) if wide > high else (tilt, 1.0)
            heights = [x * across[0] + y * across[1] for x, y in ring]
            crossings = self._crossings(ring, heights, self._height(ring, heights, share * doubled_area(ring)))
            if len(crossings) == 2:
                break
        (entry, start), (until, end) = crossings
        first, second = ring[entry + 1 : until + 1], ring[until + 1 :] + ring[: entry + 1]
        rings = [self._closed(end, start, first), self._closed(start, end, second)]
        rings.sort(key=lambda part: sum(x * across[0] + y * across[1] for x, y in part) / len(part))
        return rings[0], rings[1]

    @staticmethod
    def _closed(start: Corner, end: Corner, corners: Ring) -> Ring:
        return [start, end, *(corner for corner in corners if corner not in (start, end))]

    @staticmethod
    def _height(ring: Ring, heights: Sequence[float], below: float) -> float:
        """The height under which twice the area is `below`."""
        low, high = min(heights), max(heights)
        for _ in range(STEPS):
            middle = (low + high) / 2
            if _doubled_area_under(ring, heights, middle) < below:
                low = middle
            else:
                high = middle
        return (low + high) / 2

    def _crossings(self, ring: Ring, heights: Sequence[float], height: float) -> list[tuple[int, Corner]]:
        """Where the ring passes `height`: after which corner, and the corner that stands there."""
        crossings = []
        for index, one in enumerate(ring):
            following = (index + 1) % len(ring)
            other = ring[following]
            if (heights[index] < height) != (heights[following] < height):
                part = (height - heights[index]) / (heights[following] - heights[index])
                crossings.append((index, self._corner_between(one, other, part)))
        return crossings

    def _corner_between(self, one: Corner, other: Corner, part: float) -> Corner:
        middle = (round(one[0] + (other[0] - one[0]) * part), round(one[1] + (other[1] - one[1]) * part))
        for end in (one, other):
            if abs(middle[0] - end[0]) + abs(middle[1] - end[1]) < NEAR:
                return end
        self._between[one, other] = self._between[other, one] = middle
        return middle


def doubled_area(ring: Ring) -> int:
    """Twice the area in square millionths of a degree, exactly; positive if anticlockwise."""
    following = [*ring[1:], ring[0]]
    return sum(a * d - c * b for (a, b), (c, d) in zip(ring, following, strict=True))


def _doubled_area_under(ring: Ring, heights: Sequence[float], height: float) -> float:
    """Twice the area of the part of a convex ring that lies under `height`."""
    under: list[tuple[float, float]] = []
    for index, (x, y) in enumerate(ring):
        following = (index + 1) % len(ring)
        if heights[index] < height:
            under.append((x, y))
        if (heights[index] < height) != (heights[following] < height):
            part = (height - heights[index]) / (heights[following] - heights[index])
            under.append((x + (ring[following][0] - x) * part, y + (ring[following][1] - y) * part))
    if not under:
        return 0.0
    from_x, from_y = under[0]  # large coordinates would eat the digits
    moved = [(x - from_x, y - from_y) for x, y in under]
    return sum(a * d - c * b for (a, b), (c, d) in zip(moved, [*moved[1:], moved[0]], strict=True))
