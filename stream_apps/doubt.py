"""Which rows' findings are to be judged again because a topic fell silent or speaks again: an index over one
partition's rows, kept in memory.

Only rows with a standing finding of a rule that needs some topic are in it, each by whether the finding was judged as
unknown. A finding that stands on the wrong side is the whole trigger: nothing has to remember what was quiet before,
and a stage that starts anew finds the same rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from typing import Any

from dataplane import PartitionRows
from domain.rule import Rule
from domain.step import NOT_JUDGED, is_unknown, judged_unknown

Side = tuple[str, bool]
"""A rule's name, and whether its finding was judged as unknown."""


class DoubtIndex:
    """`note` every row that is put; `misjudged` takes out those whose finding stands on the wrong side."""

    def __init__(self, rows: PartitionRows[Any], rules: Sequence[Rule]) -> None:
        self._rows = rows
        self._rules = {rule.name: rule for rule in rules if rule.needs}
        self._keys: dict[Side, set[bytes]] = defaultdict(set)
        self._sides: dict[bytes, frozenset[Side]] = {}
        if self._rules:
            for key, row in rows.items():
                self.note(key, row)

    def note(self, key: bytes, row: Any) -> None:
        """`row` is now what stands under `key`."""
        if not self._rules:
            return
        sides = frozenset(self._sides_of(row))
        before = self._sides.get(key, frozenset())
        for gone in before - sides:
            self._keys[gone].discard(key)
        for side in sides:
            self._keys[side].add(key)
        if sides:
            self._sides[key] = sides
        elif before:
            del self._sides[key]

    def misjudged(self, quiet: Set[str]) -> Iterator[tuple[bytes, Any]]:
        """Take out the rows that are to be judged again while the topics `quiet` are; what is not asked for stays."""
        for name, rule in self._rules.items():
            wrong = self._keys[name, not is_unknown(rule, quiet)]
            while wrong:
                key = wrong.pop()
                row = self._rows.get(key)
                if row is not None:
                    yield key, row

    def _sides_of(self, row: Any) -> Iterator[Side]:
        if row.bookkeeping.judged_by == NOT_JUDGED:  # unknown for another reason: no topic's speech ends it
            return
        for noted in row.bookkeeping.findings:
            unknown = judged_unknown(noted)
            if unknown is not None and noted.rule in self._rules:
                yield noted.rule, unknown
