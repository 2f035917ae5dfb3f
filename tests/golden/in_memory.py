"""The stages without Kafka: the domain's step over dictionaries, as `stream_apps/stage.py` calls it over partitions.

Events and contributions come in batches; contributions wait in a queue, as they do on their topic, and so do the claims
of records and what their index answers.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from domain.event import Event, Source
from domain.records import Addressee, Claim, Holder, answered, answers, merged
from domain.rule import Rule
from domain.step import NOBODY_QUIET, Alert, Outcome, is_unknown, judged_unknown, settle
from domain.view import Slot, View
from runtime.discover import discover
from wire.contracts import contracts
from wire.views import views

ALL_VIEWS = views()
ALL_RULES = discover("domain.rules", "RULE", Rule)
ONE_SUBJECT = {(topic, kind) for topic, contract in contracts().items() for kind in contract.one_subject}
CLAIMS, MOVES = "the index of records", "records that have left"


class City:
    """All rows, the last alert of each finding, and what waits to be received. `now` None: no tick yet. `quiet`: the
    topics that are, by the newest tick."""

    def __init__(self, live_since: int = 0, rules: Mapping[str, Rule] = ALL_RULES) -> None:
        self.rows: dict[str, dict[str, Any]] = {view: {} for view in ALL_VIEWS}
        self.alerts: dict[str, Alert] = {}
        self.said: list[Alert] = []
        self.waiting: deque[tuple[str, str, str, Any]] = deque()
        self.holders: dict[Slot, dict[Addressee, Holder]] = defaultdict(dict)
        self.now: int | None = None
        self.quiet = NOBODY_QUIET
        self._all_rules = rules
        self._live_since = live_since

    def batch(self, events: Iterable[Event], subject: str) -> None:
        """What the events of one batch bring about; `subject` as their contract has it."""
        for view in ALL_VIEWS.values():
            if view.subject == subject:
                rows = self.rows[view.name]
                touched: dict[str, Any] = {}
                sources: dict[str, list[Source]] = defaultdict(list)
                claims: list[Claim] = []
                for event in events:
                    row = touched.get(event.subject) or rows.get(event.subject) or view.row(event.subject)
                    row, claim = merged(view, row, event, (event.topic, event.kind) in ONE_SUBJECT)
                    touched[event.subject] = row
                    claims += [] if claim is None else [claim]
                    source = Source(event.department, event.kind, event.record, event.event_id, event.occurred_at)
                    sources[event.subject].append(source)
                self._settle(view, touched, sources)
                self.waiting += [(CLAIMS, "/".join(c.slot), "/".join(c.holder[:2]), c) for c in claims]

    def receive(self, count: int) -> None:
        """The next `count` contributions, as batches of their views."""
        batches: dict[str, list[tuple[str, str, Any]]] = defaultdict(list)
        for _ in range(min(count, len(self.waiting))):
            name, target, source, value = self.waiting.popleft()
            batches[name].append((target, source, value))
        for claim in [value for *_, value in batches.pop(CLAIMS, [])]:
            self._index(claim)
        moves = [(*to.split("/", 1), *answer) for to, _, answer in batches.pop(MOVES, [])]
        for name, to, slot, moved in moves:
            row = self.rows[name].get(to) or ALL_VIEWS[name].row(to)
            self._settle(ALL_VIEWS[name], {to: answered(row, slot, moved)}, {})
        for name, batch in batches.items():
            view = ALL_VIEWS[name]
            touched: dict[str, Any] = {}
            sources: dict[str, list[Source]] = defaultdict(list)
            for target, source, value in batch:
                row = touched.get(target) or self.rows[name].get(target) or view.row(target)
                touched[target] = view.receive(row, source, value)
                if (stated := getattr(value, "source", None)) is not None:
                    sources[target].append(stated)
            self._settle(view, touched, sources)

    def tick(self, now: int, quiet: Iterable[str] = ()) -> None:
        """The clock: rows that are due are settled, and those of whose findings less or more can be known now."""
        if self.now is None or now >= self.now:
            self.now, self.quiet = now, frozenset(quiet)
        for view in ALL_VIEWS.values():
            rules = self._rules(view)
            for key, row in list(self.rows[view.name].items()):
                due = row.bookkeeping.due_at
                if (due is not None and due <= self.now) or self._misjudged(rules, row):
                    self._put(view, key, settle(view, rules, row, self.now, self._live_since, (), self.quiet))

    def _misjudged(self, rules: Sequence[Rule], row: Any) -> bool:
        unknown = {rule.name: is_unknown(rule, self.quiet) for rule in rules}
        judged = ((noted.rule, judged_unknown(noted)) for noted in row.bookkeeping.findings)
        return any(was is not None and unknown.get(rule, was) != was for rule, was in judged)

    def finish(self, now: int, quiet: Iterable[str] = ()) -> None:
        """Everything that waits is received, the final tick comes, and what follows from it."""
        while self.waiting:
            self.receive(len(self.waiting))
        self.tick(now, quiet)
        while self.waiting:
            self.receive(len(self.waiting))

    def play(self, events: Sequence[tuple[str, Event]], draw: Random, largest: int, ticks: Sequence[int]) -> None:
        """All of `events` (with their contract's subject) in batches of up to `largest`, `ticks` strewn in between."""
        clock = deque(sorted(ticks))
        place = 0
        while place < len(events):
            subject = events[place][0]
            batch = []
            for _ in range(draw.randint(1, largest)):
                if place < len(events) and events[place][0] == subject:
                    batch.append(events[place][1])
                    place += 1
            self.batch(batch, subject)
            if draw.random() < 0.7:
                self.receive(draw.randint(1, largest))
            if clock and draw.random() < len(ticks) * largest / len(events):
                self.tick(clock.popleft())

    def _index(self, claim: Claim) -> None:
        """As `stream_apps/record_index.py` does."""
        holders = self.holders[claim.slot]
        old = answers(holders.values())
        holders[claim.holder[:2]] = claim.holder
        new = answers(holders.values())
        for to in sorted(old.keys() | new.keys()):
            if old.get(to) != new.get(to):
                self.waiting.append((MOVES, "/".join(to), "/".join(claim.slot), (claim.slot, new.get(to))))

    def _settle(self, view: View, touched: dict[str, Any], sources: dict[str, list[Source]]) -> None:
        rules = self._rules(view)
        for key, row in touched.items():
            if row != self.rows[view.name].get(key):
                self._put(
                    view, key, settle(view, rules, row, self.now, self._live_since, sources.get(key, ()), self.quiet)
                )

    def _put(self, view: View, key: str, outcome: Outcome) -> None:
        self.rows[view.name][key] = outcome.row
        for target_view, target, value in outcome.contributions:
            self.waiting.append((target_view, target, outcome.row.id, value))
        for alert in outcome.alerts:
            self.alerts[alert.finding_id] = alert
        self.said += outcome.alerts
        for gone in outcome.forget:
            self.alerts.pop(gone, None)

    def _rules(self, view: View) -> list[Rule]:
        return [rule for rule in self._all_rules.values() if rule.view == view.name]
