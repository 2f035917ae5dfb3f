"""One way in which a history may come about: who reads what and when, who dies, what is compacted, how time goes by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple
from zlib import crc32

from domain.rule import Rule
from domain.time import DAY
from stream_apps import stage as stage_module
from tests.simulation.broker import Broker, Output, Record, Where
from tests.simulation.codecs import QUIETABLE, VIEWS, clock_encoder
from tests.simulation.events import Statement
from tests.simulation.worker import RECORDS, Judging, Worker
from wire.topics import PARKED, REPLAY_OF

Tick = tuple[int, frozenset[str]]
"""The clock's time in microseconds UTC, and the topics that are quiet."""
COMPACTED = ("rows.", "contributions.", "record-", "alerts", "clock")
_MOST_STEPS = 20_000
_MOST_ROUNDS = 100


class End(NamedTuple):
    """What every schedule of a history ends with."""

    judging: Judging
    tick: Tick
    partitions: int


class CannotJudge(Exception):
    """What a version with a mistake in a rule raises."""


class NeverAtRest(AssertionError):
    """The stages go on for ever, or a tick that says nothing new brings something about."""


class Schedule:
    """`statements` through all stages on the way that `draw` gives, up to `end`. `did` counts what happened."""

    def __init__(self, statements: Sequence[Statement], end: End, draw: Random) -> None:
        self.broker = Broker(end.partitions)
        self.did: Counter[str] = Counter()
        self._end = end
        self._draw = draw
        self._waiting = list(statements)
        draw.shuffle(self._waiting)
        self._published: list[Statement] = []
        self._sent_back: set[tuple[Where, int]] = set()
        self._sent_to: set[Where] = set()
        """Where records were sent back to: compaction lags behind them by `min.compaction.lag.ms`."""
        self._largest = draw.choice((1, 3, 20, 100))
        self._patience = draw.choice((1, 3, 10))
        self._ticks = self._times_of_ticks()
        self._workers: list[Worker] = []
        self._judging = end.judging if draw.random() < 0.3 else self._other_judging()
        for view in (*VIEWS, RECORDS):
            self._start(view, draw.randint(1, 2))

    def play(self) -> None:
        """All of it. Raises what a stage raises."""
        rows_a_tick = stage_module.ROWS_A_TICK
        stage_module.ROWS_A_TICK = self._draw.choice((2, 5, rows_a_tick))
        try:
            self._live()
            self._finish()
            self._stay_at_rest()
        finally:
            stage_module.ROWS_A_TICK = rows_a_tick

    # -- what happens on the way

    def _live(self) -> None:
        deeds = self._deeds()
        while self._waiting:
            self._draw.choices(list(deeds), list(deeds.values()))[0]()

    def _deeds(self) -> dict[Callable[[], object], float]:
        """What may happen next, by its weight in this schedule: some of it not at all."""
        rare = [self._hand_over, self._kill, self._restart, self._compact, self._repeat, self._send_some_back]
        kept: dict[Callable[[], object], float] = {deed: self._draw.choice((0.0, 0.3, 1.0)) for deed in rare}
        return {self._publish: 3.0, self._work: 6.0, self._commit: 2.0, self._turn_clock: 1.0, **kept}

    def _publish(self) -> None:
        for _ in range(self._draw.randint(1, self._patience)):
            if self._waiting:
                self._append(self._waiting.pop())

    def _append(self, statement: Statement) -> None:
        self.broker.append(Output(statement.topic, statement.key, statement.value))
        self._published.append(statement)
        self.did["events"] += 1

    def _repeat(self) -> None:
        if self._published:
            self._append(self._draw.choice(self._published))

    def _work(self) -> bool:
        """One batch of somebody who has records to read. -> whether there was one"""
        ready = [(worker, where) for worker in self._workers for where in worker.unread()]
        if not ready:
            return False
        worker, where = self._draw.choice(ready)
        self.did["batches"] += worker.fold(where, self._draw.randint(1, self._largest)) > 0
        return True

    def _commit(self) -> None:
        self._draw.choice(self._workers).commit()
        self.did["commits"] += 1

    def _turn_clock(self) -> None:
        """The next tick for all partitions, or for one of them only, whose others then get a later one; now and then
        an earlier one comes again, as from a clock that was started twice."""
        if self._ticks and self._draw.random() < 0.7:
            tick = self._ticks.pop(0)
            self._tick(tick)
            if self._draw.random() < 0.1:
                self._tick((tick[0] - self._draw.choice((1, DAY)), frozenset()), [0])

    def _tick(self, tick: Tick, partitions: Sequence[int] | None = None) -> None:
        value = clock_encoder()({"now": tick[0], "quiet": sorted(tick[1])})
        for number in range(self.broker.partitions) if partitions is None else partitions:
            self.broker.append(Output("clock", b"", value, number))
        self.did["ticks"] += 1

    def _hand_over(self) -> None:
        """Some partitions of a stage go to another worker of it, orderly."""
        giver = self._draw.choice(self._workers)
        takers = [worker for worker in self._workers if worker.view == giver.view and worker is not giver]
        if takers and giver.partitions:
            given = self._draw.sample(sorted(giver.partitions), self._draw.randint(1, len(giver.partitions)))
            giver.give_up(given)
            self._draw.choice(takers).take(given)
            self.did["hand-overs"] += 1

    def _kill(self) -> None:
        """A worker dies with its transaction, and starts again."""
        victim = self._draw.choice(self._workers)
        self._workers.remove(victim)
        self._take(Worker(victim.view, self._judging, self.broker), sorted(victim.partitions))
        self.did["kills"] += 1

    def _restart(self) -> None:
        """Every stage starts anew, perhaps with other rules or another day of going live."""
        if self._draw.random() < 0.6:
            self._judging = self._other_judging()
        self._start_all()

    def _compact(self) -> None:
        places = [
            (where, end)
            for where, end in self.broker.written().items()
            if where[0].startswith(COMPACTED) and end > 1 and where not in self._sent_to
        ]
        for where, end in self._draw.sample(places, min(3, len(places))):
            self.broker.compact(where, self._draw.randint(1, end), self._draw.random() < 0.5)
            self.did["compactions"] += 1

    def _put_aside(self) -> list[tuple[Where, Record]]:
        """What waits to be sent back: of each partition in its order, the partitions in any."""
        places = [(PARKED, number) for number in range(self.broker.partitions)]
        self._draw.shuffle(places)
        waiting = [(where, record) for where in places for record in self.broker.read(where, 0, _MOST_STEPS)]
        return [(where, record) for where, record in waiting if (where, record.offset()) not in self._sent_back]

    def _send_some_back(self) -> None:
        """As `citygrid dead-letters replay` does; some of them, or one by one in any order, so that not all of a
        subject come back in theirs."""
        waiting = self._put_aside()
        if self._draw.random() < 0.5:
            self._draw.shuffle(waiting)
        for where, record in waiting:
            if self._draw.random() < 0.7:
                self._send_back(where, record)

    def _send_all_back(self) -> None:
        """By the mended version, until nothing waits any more."""
        for _ in range(_MOST_ROUNDS):
            self._drain()
            waiting = self._put_aside()
            if not waiting:
                return
            for where, record in waiting:
                self._send_back(where, record)
        raise NeverAtRest(f"records still wait after they were sent back {_MOST_ROUNDS} times")

    def _send_back(self, where: Where, record: Record) -> None:
        self._sent_back.add((where, record.offset()))
        origin = str(dict(record.headers() or ())["origin"])
        topic, partition, _ = origin.rsplit(":", 2)
        self.broker.append(Output(topic, record.key(), record.value(), int(partition), [(REPLAY_OF, origin)]))
        self._sent_to.add((topic, int(partition)))
        self.did["sent back"] += 1

    # -- how it ends

    def _finish(self) -> None:
        """The last of everything, read to the end under the rules of the end."""
        late = self._draw.random()
        if late < 0.4:
            self._drain()
        if self._judging != self._end.judging:
            self._judging = self._end.judging
            self._start_all()
        elif self._draw.random() < 0.3:
            self._start_all()
        if self._draw.random() < 0.5:
            self._send_some_back()
        if late < 0.7:
            self._drain()
        self._tick_until_seen(self._end.tick)
        if self._draw.random() < 0.3:  # of a second clock that lags behind: not believed
            earlier = self._end.tick[0] - self._draw.choice((1, DAY, 200 * DAY))
            self._tick((earlier, frozenset(self._draw.sample(QUIETABLE, 1))))
        self._send_all_back()

    def go_on(self, tick: Tick) -> None:
        """Nothing more is stated, and it is `tick` in one jump."""
        stage_module.ROWS_A_TICK, rows_a_tick = 10_000, stage_module.ROWS_A_TICK
        try:
            self._tick_until_seen(tick)
            self._drain()
        finally:
            stage_module.ROWS_A_TICK = rows_a_tick

    def _tick_until_seen(self, tick: Tick) -> None:
        """As often as it takes to look at all rows, a few a tick."""
        for _ in range(1 if stage_module.ROWS_A_TICK > 1_000 else 10):
            self._tick(tick)
            self._see_the_clock()

    def _see_the_clock(self) -> None:
        """Everybody reads the ticks that are there, whatever else waits."""
        for worker in self._workers:
            for where in worker.unread():
                if where[0] == "clock":
                    worker.fold(where, 100)

    def _drain(self) -> None:
        """Everybody reads and commits until nothing is left."""
        for _ in range(_MOST_STEPS):
            if not self._work():
                for worker in self._workers:
                    worker.commit()
                if not any(worker.unread() for worker in self._workers):
                    return
            elif self._draw.random() < 0.2:
                self._commit()
        raise NeverAtRest(f"the stages still read and write after {_MOST_STEPS} batches")

    def _stay_at_rest(self) -> None:
        """After a start from bytes, a tick that says nothing new brings nothing about."""
        self._start_all()
        before = self.broker.written()
        self._tick(self._end.tick)
        self._drain()
        new = sorted(
            {topic for (topic, number), end in self.broker.written().items() if end != before.get((topic, number), 0)}
            - {"clock"}
        )
        if new:
            raise NeverAtRest(f"started again with nothing new, the stages wrote to {', '.join(new)}")

    # -- workers

    def _start(self, view: str, count: int) -> None:
        partitions = list(range(self.broker.partitions))
        for number in range(count):
            self._take(Worker(view, self._judging, self.broker), partitions[number::count])

    def _start_all(self) -> None:
        held = [(worker.view, sorted(worker.partitions)) for worker in self._workers]
        self._workers = []
        for view, partitions in held:
            self._take(Worker(view, self._judging, self.broker), partitions)
        self.did["restarts"] += 1

    def _take(self, worker: Worker, partitions: Sequence[int]) -> None:
        worker.take(partitions)
        self._workers.append(worker)

    # -- what else is drawn

    def _times_of_ticks(self) -> list[Tick]:
        """The clock's ticks before the last: none (a year in one jump), a few, or many small steps."""
        last, draw = self._end.tick[0], self._draw
        count = draw.choice((0, 2, 6, 20))
        first = last - draw.choice((1, 3, 40, 400)) * DAY
        times = sorted(draw.randint(first, last) for _ in range(count))
        return [(time, quiet_topics(draw)) for time in times]

    def _other_judging(self) -> Judging:
        """Rules of another version of the installation: some lack, some are older, some are gone since."""
        rules: list[Rule] = []
        for rule in self._end.judging.rules:
            match self._draw.choice(("kept", "kept", "kept", "lacks", "older", "blind", "gone", "raises")):
                case "kept":
                    rules.append(rule)
                case "older":
                    rules.append(replace(rule, version=rule.version - 1))
                case "blind":
                    rules.append(replace(rule, version=rule.version - 1, check=_finds_nothing, look_again=_never))
                case "raises":
                    rules.append(replace(rule, version=rule.version - 1, check=_raises_on_some))
                case "gone":
                    rules += [rule, replace(rule, name=f"former-{rule.name}")]
        live = self._draw.choice((self._end.judging.live_since, 0, self._end.tick[0]))
        return Judging(tuple(rules), live, self._draw.choice((0, 0, self._draw.randint(1, 1_000_000))))


def _finds_nothing(row: object, now: int) -> tuple[()]:
    return ()


def _raises_on_some(row: Any, now: int) -> tuple[()]:
    if crc32(row.id.encode()) % 2:
        raise CannotJudge
    return ()


def _never(row: object, now: int) -> None:
    return None


def quiet_topics(draw: Random) -> frozenset[str]:
    """Topics that fall silent; mostly none."""
    return frozenset(draw.sample(QUIETABLE, draw.randint(1, 3))) if draw.random() < 0.4 else frozenset()
