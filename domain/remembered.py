"""What follows from a row and is asked for several times in a step: by contributions, rules and the published row."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Generic, TypeVar

R = TypeVar("R")
V = TypeVar("V")


class _Itself(Generic[R]):
    """A row as a key: equal to itself only, so that no fact of it is hashed or compared."""

    __slots__ = ("row",)

    def __init__(self, row: R) -> None:
        self.row = row

    def __hash__(self) -> int:
        return 0  # one is remembered: there is nothing to tell it from

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.row is self.row


def once(derive: Callable[[R], V]) -> Callable[[R], V]:
    """`derive`, computed once as long as it is asked about one and the same row: rows never change, and a step looks at
    one after the other. Whoever asks must not change what it gets."""

    @lru_cache(maxsize=1)
    def last(itself: _Itself[R]) -> V:
        return derive(itself.row)

    @wraps(derive)
    def remembered(row: R) -> V:
        return last(_Itself(row))

    return remembered
