"""The key of what needs none: without a key, a field that is None ends the comparison of two tuples.

Whatever `domain/` puts in an order has a key, by test: this one, `domain.order.ordered`, or one that picks fields.
"""

from typing import TypeVar

from domain.event import Source

Ordered = TypeVar("Ordered", int, str, tuple[str, str], tuple[str, str, str], Source)


def itself(value: Ordered) -> Ordered:
    """The key of numbers, texts and sources, which have no part that may be None: the type checker holds it."""
    return value
