"""A row with some fields changed, much faster than by `dataclasses.replace`: every event and settling makes one."""

from collections import deque
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from itertools import repeat
from operator import attrgetter, call
from typing import Any, TypeVar

R = TypeVar("R")
Setter = Callable[[Any, Any], None]


def replace(row: R, /, **changes: Any) -> R:
    """`row`, a frozen dataclass with slots, with `changes` by field. Raises KeyError for a field that it has not."""
    cls: Any = type(row)
    values, setters, by_name = _slots(cls)
    made: R = cls.__new__(cls)
    deque(map(call, setters, repeat(made), values(row)), maxlen=0)  # a loop over fifty fields, in C
    for name, value in changes.items():
        by_name[name](made, value)
    return made


@lru_cache(maxsize=64)
def _slots(cls: Any) -> tuple[Callable[[Any], tuple[Any, ...]], list[Setter], dict[str, Setter]]:
    by_name = {field.name: getattr(cls, field.name).__set__ for field in fields(cls)}
    return attrgetter(*by_name), list(by_name.values()), by_name
