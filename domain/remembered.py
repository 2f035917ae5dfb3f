"""What follows from a row and is asked for several times in a step: by contributions, rules and the published row."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

R = TypeVar("R")
V = TypeVar("V")


def once(derive: Callable[[R], V]) -> Callable[[R], V]:
    """`derive`, computed once as long as it is asked about one and the same row: rows never change, and a step looks at
    one after the other. Whoever asks must not change what it gets."""
    held: tuple[Any, Any] = (None, None)

    @wraps(derive)
    def remembered(row: R) -> V:
        nonlocal held
        known, value = held  # one name: another thread sees the pair or the one before
        if known is row:
            return value  # type: ignore[no-any-return]
        value = derive(row)
        held = (row, value)
        return value

    return remembered
