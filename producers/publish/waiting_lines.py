"""Which of the lines that wait to be mended a publication has mended."""

from __future__ import annotations

from collections.abc import Iterable

from wire.door_reports import LineKey


class WaitingLines:
    """Rejected lines by what they speak of. One is mended once an event of its record and kind was published, unless
    that was rejected in the same publication, too. A kind that could not be read ("") stands for any of its record: of
    one lease number there are a beginning and an end."""

    def __init__(self, waiting: Iterable[LineKey]) -> None:
        self._kinds: dict[tuple[str, str], set[str]] = {}
        for topic, record, kind in waiting:
            self._kinds.setdefault((topic, record), set()).add(kind)
        self._published: set[LineKey] = set()
        self._rejected: set[LineKey] = set()

    def published(self, topic: str, kind: str, record: str) -> None:
        """An event was sent."""
        kinds = self._kinds.get((topic, record))
        if kinds:
            self._published.update(LineKey(topic, record, one) for one in kinds if one in (kind, ""))

    def rejected(self, topic: str, kind: str | None, record: str | None) -> None:
        """A line was rejected."""
        if record and (kinds := self._kinds.get((topic, record))):
            self._rejected.update(LineKey(topic, record, one) for one in kinds if not kind or one in (kind, ""))

    def mended(self) -> set[LineKey]:
        """What is mended by now."""
        return self._published - self._rejected
