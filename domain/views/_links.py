"""Several numbers, one person: where a number's link leads, and what goes along it.

A number has at most one standing link, so links form chains, trees and now and then a ring. In a ring the newest link
says which number the person has now; the link that leads on from there is overruled
(docs/decisions/0011-linked-numbers.md).
"""

from typing import NamedTuple, Protocol

from domain.event import Source
from domain.facts import Statement, current
from domain.order import latest
from domain.residents.facts import Facts


class Linked(NamedTuple):
    """What was stated about another number of the person. `path`: the numbers it came through, its own first."""

    path: tuple[str, ...]
    facts: Facts


class Linkage(NamedTuple):
    """What a number says to the one that its link (`source`) leads to: all that was stated about it, and about those
    whose links lead to it. Its own path is empty: who receives it knows the sender."""

    source: Source
    numbers: tuple[Linked, ...]


class Row(Protocol):
    """What is asked of a resident's row."""

    @property
    def id(self) -> str: ...
    @property
    def links(self) -> tuple[Statement[str], ...]: ...
    @property
    def linked(self) -> tuple[Linked, ...]: ...


def leads_away(row: Row) -> Statement[str] | None:
    """The link by which the person is found at another number; None if it is found at the row's own.

    A ring through the row is known to it: what comes along the ring brings the other numbers' links.
    """
    own = _standing(row.id, row.links) if row.links else None
    if own is None or not row.linked:
        return own
    others = {other.facts.id: other.facts for other in row.linked}
    ring = [own]
    while ring[-1].value != row.id:
        other = others.get(ring[-1].value)
        link = None if other is None else _standing(other.id, other.links)
        if link is None or len(ring) > len(others):
            return own
        ring.append(link)
    newest = latest(ring)
    return None if newest is None or newest.value == row.id else own


def _standing(number: str, links: tuple[Statement[str], ...]) -> Statement[str] | None:
    """A link to the number itself says that it is the person's own, and leads nowhere."""
    link = current(links)
    return None if link is None or link.value == number else link
