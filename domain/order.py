"""Keys by which anything in `domain/` is put in an order; without a key, a field that is None ends the comparison."""

from typing import Any, TypeVar

from domain.event import Source

Ordered = TypeVar("Ordered", int, str, tuple[str, str], tuple[str, str, str], Source)


def itself(value: Ordered) -> Ordered:
    """The key of numbers, texts and sources, which have no part that may be None: the type checker holds it."""
    return value


def total(value: Any) -> tuple[Any, ...]:
    """The key of everything else: field by field, None before all values, numbers before texts before tuples."""
    match value:
        case None:
            return (0,)
        case int() | float():
            return (1, value)
        case str():
            return (2, value)
        case tuple():
            return (3, tuple(map(total, value)))
    raise TypeError(f"{type(value).__name__} has no place in the order")
