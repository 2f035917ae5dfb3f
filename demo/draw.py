"""Drawing by lot, the same on every Python and machine.

Of the standard generator only `random()` is promised to stay what it is for the same seed, so all draws are made of it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Draws that depend on `seed` only: whoever knows the seed of one household need not draw for those before it."""

    __slots__ = ("share",)

    def __init__(self, *seed: object) -> None:
        #: The next number, at least 0 and below 1.
        self.share = random.Random(" ".join(map(str, seed))).random

    def below(self, end: int) -> int:
        """A whole number from 0 up to `end`, not included."""
        return int(self.share() * end)

    def between(self, first: int, last: int) -> int:
        """A whole number from `first` to `last`, both included."""
        return first + int(self.share() * (last - first + 1))

    def of(self, choices: Sequence[T]) -> T:
        """One of `choices`."""
        return choices[int(self.share() * len(choices))]

    def one_in(self, count: float) -> bool:
        """True once in `count` times."""
        return self.share() * count < 1

    def shuffled(self, choices: Sequence[T]) -> list[T]:
        """All of `choices` in another order."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(len(left))]
