"""What a rule would find in a city's rows as they are now: judged as its stage would, and nothing is written.

Whoever writes a rule sees it on real rows within seconds, and a city how many alerts it would open, before any stage
runs with it.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Any, NamedTuple

from domain.keys import itself
from domain.rows import replace as with_fields
from domain.rule import Rule
from domain.step import Alert, settle
from domain.view import NOTHING, Contributions, View
from runtime.settings import CHECKOUT, Settings
from runtime.topic_reader import records
from stream_apps.stage_codec import Wire
from wire.registry import Registry
from wire.views import views


class Failed(NamedTuple):
    """A row that the rule cannot judge: its stage would raise an operator's alert and show it as unknown."""

    subject: str
    error: str
    where: str


class Trial(NamedTuple):
    """`alerts` as they would be raised, by subject and cause; `rows` that were judged; `looks_again_at` the first
    instant at which time alone may change the answer (microseconds UTC; None: never)."""

    rows: int
    alerts: tuple[Alert, ...]
    failed: tuple[Failed, ...]
    looks_again_at: int | None


def tried(settings: Settings, rule: Rule, now: int, quiet: Set[str], subject: str | None = None) -> Trial:
    """`rule` over every row of its view, or over that of `subject`, at `now` (microseconds UTC), while the topics
    `quiet` are. Raises TopicUnreadable, RegistryRefused and, of a row that no schema reads, ValueError."""
    view = views()[rule.view]
    registry = Registry.of(settings)
    try:
        load_row = Wire(view, registry, settings.topic_prefix).load_row
        return judged(
            view,
            rule,
            (load_row(value) for value in _newest(settings, view, subject)),
            now,
            int(settings.live_since.timestamp()) * 1_000_000,
            quiet,
        )
    finally:
        registry.close()


def judged(view: View, rule: Rule, rows: Iterator[Any], now: int, live_since: int, quiet: Set[str]) -> Trial:
    """What `rule` alone finds in `rows`, whatever they were judged by before."""
    silent = replace(view, contribute=_nothing)  # what a row says about others is no rule's matter
    alerts: list[Alert] = []
    failed: list[Failed] = []
    looks: list[int] = []
    count = 0
    for row in rows:
        count += 1
        try:
            outcome = settle(silent, [rule], with_fields(row, bookkeeping=NOTHING), now, live_since, (), quiet)
            alerts += outcome.alerts
            looks += [at for at in (_looks_again(silent, rule, row, now),) if at is not None]
        except Exception as error:  # noqa: BLE001 - a rule may raise anything; its author is told what and where
            failed.append(Failed(row.id, f"{type(error).__name__}: {error}", _line_of(error)))
    alerts.sort(key=lambda alert: (alert.subject, alert.cause))
    return Trial(count, tuple(alerts), tuple(failed), min(looks, key=itself, default=None))


def _nothing(_: Any) -> Contributions:
    return {}


def _looks_again(view: View, rule: Rule, row: Any, now: int) -> int | None:
    seen = view.judged(view.expire(row, now))
    return None if seen is None else rule.look_again(seen, now)


def _newest(settings: Settings, view: View, subject: str | None) -> Iterator[bytes]:
    """The newest bytes of every row, or of that of `subject`."""
    newest: dict[bytes, bytes] = {}
    wanted = None if subject is None else subject.encode()
    for message in records(settings, f"{settings.topic_prefix}rows.{view.name}"):
        key, value = message.key() or b"", message.value()
        if wanted is not None and key != wanted:
            continue
        if value is None:
            newest.pop(key, None)
        else:
            newest[key] = value
    yield from newest.values()


def _line_of(error: Exception) -> str:
    """The last line of this checkout's domain in which it happened."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if f"{CHECKOUT}/domain/" in frame.filename]
    if not frames:
        return "outside of domain/"
    return f"{frames[-1].filename.removeprefix(f'{CHECKOUT}/')}:{frames[-1].lineno}"
