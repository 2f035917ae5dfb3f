"""Dead letters and parked records: what there is, one of them whole, and sending them back to where they came from.

A stage puts a record aside as it came, with its origin in headers (`dataplane/origin.py`). A replay sends
key, value and own headers back to the origin's topic and partition; what was mended goes to the partition of its key.
The same Kafka transaction writes a *mark* (a record without value, header `replayed`) behind the letter, into the same
partition: so a second replay knows, and retention never deletes the mark before its letter. All replays share one
transactional id: of two at once, the older is fenced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from dataplane.origin import ORIGIN_HEADERS
from runtime import cloud_events, topic_reader
from runtime.settings import Settings
from runtime.topic_reader import TopicUnreadable
from wire.contracts import contracts
from wire.topics import DEAD_LETTERS, PARKED, REPLAY_OF, WRITTEN_AT_MOST

log = structlog.get_logger("citygrid.dead_letters")

Headers = list[tuple[str, str | bytes | None]]
PATIENCE_S = 30.0
REPLAYED = "replayed"
"""Header of a mark: the origin of the letter that was sent back."""
RECORDS_A_TRANSACTION = 500
EVENT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IDENTITY = re.compile(r"(?P<topic>[A-Za-z0-9._-]+):(?P<partition>\d+):(?P<offset>\d+)")


def transactional_id(settings: Settings) -> str:
    """That of every replay: of two at once, the older is fenced."""
    return f"{settings.topic_prefix}citygrid-replay"


class LettersUnreadable(Exception):
    """The dead letters cannot be read or sent; the message says why and what to do."""


@dataclass(frozen=True, order=True)
class Origin:
    """Where a record stood before it was put aside; its text form `topic:partition:offset` is a letter's name."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Raises LettersUnreadable with a sentence if `text` has another form."""
        match = IDENTITY.fullmatch(text)
        if match is None:
            raise LettersUnreadable(
                f"{text!r} names no record: write topic:partition:offset, as `citygrid dead-letters list` prints it."
            )
        return cls(match["topic"], int(match["partition"]), int(match["offset"]))

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(frozen=True)
class Letter:
    """A record that was put aside, without its content. Times are milliseconds since 1970-01-01 UTC.

    `times` says how often it was put aside (a rebuilt stage meets the same record again); `lies` where its newest copy
    is: partition and offset.
    """

    origin: Origin
    kept_in: str
    reason: str
    schema_id: int | None
    origin_at: int | None
    put_aside_at: int
    size: int
    replay_of: str | None
    lies: tuple[int, int] = field(repr=False)
    event_id: str | None = None
    """The event's id, where the record's own headers say one: the door told it to the department."""
    times: int = 1
    replayed_at: int | None = None

    @property
    def of_a_group(self) -> bool:
        """Whether it is one of a subject's records that are put aside together since merging one of them failed."""
        return self.reason.startswith("put aside:")


@dataclass(frozen=True)
class Content:
    """What a letter holds, as it came."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class DeadLetters:
    """The two topics of one installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._prefix = settings.topic_prefix

    def letters(self, kept_in: Iterable[str] = (DEAD_LETTERS, PARKED)) -> dict[Origin, Letter]:
        """Every letter by its origin, the oldest first. Holds no content, so that many fit into memory.

        Raises LettersUnreadable if Kafka does not answer or a topic is missing.
        """
        by_origin: dict[Origin, Letter] = {}
        marks: dict[Origin, int] = {}
        for name in kept_in:
            for record in self._records(name):
                headers = dict(_pairs(record))
                if REPLAYED in headers:
                    mark = Origin.parse(_text(headers[REPLAYED]))
                    marks[mark] = record.timestamp()[1]
                    continue
                letter = _letter(record, name, headers)
                if letter is not None:
                    if letter.of_a_group:  # a rebuilt stage waits for it anew: its row names it
                        marks.pop(letter.origin, None)
                    known = by_origin.get(letter.origin)
                    by_origin[letter.origin] = replace(letter, times=known.times + 1) if known else letter
        replayed = {
            origin: replace(by_origin[origin], replayed_at=moment)
            for origin, moment in marks.items()
            if origin in by_origin
        }
        return dict(sorted({**by_origin, **replayed}.items(), key=lambda pair: (pair[1].put_aside_at, pair[0])))

    def content(self, letter: Letter) -> Content:
        """What the letter holds. Raises LettersUnreadable if it was deleted meanwhile."""
        partition, offset = letter.lies
        for record in self._records(letter.kept_in, {partition: offset}):
            if _place(record) == (partition, offset):
                return _content(record)
            break
        raise LettersUnreadable(
            f"{letter.origin} is no longer there: its retention is over. Ask the department for it."
        )

    def may_go_back(self, letter: Letter) -> bool:
        """Whether the letter came from a department's topic. Of what stages wrote (rows,
        contributions, alerts) the last in the topic holds: an old one sent again would put the past over the present.
        Those of a subject whose records are put aside together go back together, in the order in which they came.
        """
        return letter.of_a_group or letter.origin.topic.removeprefix(self._prefix) in contracts()

    def replay(
        self,
        choose: Callable[[Letter, Content], Content | None],
        among: Callable[[Letter], bool],
        sent: Callable[[Letter], None],
        kept_in: Iterable[str] = (DEAD_LETTERS, PARKED),
    ) -> int:
        """Send back what was not sent back yet and may go back; returns how many records went.

        `among` picks letters by what is known of them, `choose` by their content, which it may mend; None leaves one
        where it is. `sent` is called for each after its transaction was committed. Raises LettersUnreadable, and what
        `choose` raises; what `sent` was told of is then done, the rest is not.
        """
        round_ = _Replay(self._producer(), sent)
        try:
            # From here on a predecessor is fenced and its half-done transaction aborted: the marks are final.
            round_.producer.init_transactions(PATIENCE_S)
            letters = self.letters(kept_in).values()
            wanted = {
                (one.kept_in, *one.lies): one
                for one in letters
                if one.replayed_at is None and among(one) and self.may_go_back(one)
            }
            for name in {letter.kept_in for letter in wanted.values()}:
                for record in self._records(name):
                    letter = wanted.pop((name, *_place(record)), None)
                    if letter is None:
                        continue
                    as_it_came = _content(record)
                    content = choose(letter, as_it_came)
                    if content:
                        # A mended event goes where its key belongs: the stage of that partition has the subject's row.
                        where = letter.origin.partition if content is as_it_came else -1
                        round_.send(letter, content, self._prefix + name, where)
            round_.commit()
        except KafkaException as refused:
            round_.abort()
            error: KafkaError = refused.args[0]
            what = "another replay was started meanwhile" if error.fatal() else f"Kafka refused it ({error.name()})"
            raise LettersUnreadable(
                f"The replay ended after {round_.count} records: {what}. What was told as replayed is, the rest is "
                "not; `citygrid dead-letters list` shows what is left, then run it again."
            ) from refused
        except BaseException:
            round_.abort()
            raise
        return round_.count

    def _records(self, name: str, where: dict[int, int] | None = None) -> Iterator[Message]:
        """The committed records of a topic from its beginning (or of the partitions and offsets `where`) to its end."""
        try:
            yield from topic_reader.records(self._settings, self._prefix + name, starts=where)
        except TopicUnreadable as unreadable:
            raise LettersUnreadable(str(unreadable)) from unreadable

    def _producer(self) -> Producer:
        return Producer(
            {
                **self._settings.kafka_client(),
                "transactional.id": transactional_id(self._settings),
                "transaction.timeout.ms": 60_000,
                "partitioner": "murmur2_random",
                "message.max.bytes": WRITTEN_AT_MOST,
                "compression.type": "lz4",
            }
        )


class _Replay:
    """Sends letters back, `RECORDS_A_TRANSACTION` in a transaction, each with its mark."""

    def __init__(self, producer: Producer, sent: Callable[[Letter], None]) -> None:
        self.producer = producer
        self.count = 0
        self._sent = sent
        self._open: list[Letter] = []

    def send(self, letter: Letter, content: Content, kept_in: str, where: int) -> None:
        """`content` goes to the partition `where` of the origin's topic; -1: to that of its key."""
        if not self._open:
            self.producer.begin_transaction()
        self._open.append(letter)
        origin = letter.origin
        name = str(origin).encode()
        headers: Headers = [*content.headers, (REPLAY_OF, name)]
        self._produce(origin.topic, content.value, content.key, where, headers)
        self._produce(kept_in, None, content.key, letter.lies[0], [(REPLAYED, name)])
        if len(self._open) >= RECORDS_A_TRANSACTION:
            self.commit()

    def _produce(self, topic: str, value: bytes | None, key: bytes | None, partition: int, headers: Headers) -> None:
        try:
            self.producer.produce(topic, value, key, partition, headers=headers)
        except BufferError:
            self.producer.flush(PATIENCE_S)
            self.producer.produce(topic, value, key, partition, headers=headers)

    def commit(self) -> None:
        if self._open:
            self.producer.commit_transaction(PATIENCE_S)
            gone, self._open = self._open, []
            self.count += len(gone)
            for letter in gone:
                self._sent(letter)

    def abort(self) -> None:
        """Leave no transaction open: readers of the origin's topic would wait for it."""
        if self._open:
            try:
                self.producer.abort_transaction(PATIENCE_S)
            except KafkaException as beyond:  # fenced or out of reach: the broker aborts it by its timeout
                log.warning("replay_left_to_the_broker", error=beyond.args[0].name())


def _place(record: Message) -> tuple[int, int]:
    partition, offset = record.partition(), record.offset()
    if partition is None or offset is None:
        raise AssertionError("a fetched record has a partition and an offset")
    return partition, offset


def _letter(record: Message, kept_in: str, headers: dict[str, str | bytes | None]) -> Letter | None:
    """None for a record without origin: nothing of ours wrote it."""
    if not {"origin_topic", "origin_partition", "origin_offset"} <= headers.keys():
        return None
    origin = {name: _text(headers[name]) for name in ORIGIN_HEADERS if name in headers}
    return Letter(
        origin=Origin(origin["origin_topic"], int(origin["origin_partition"]), int(origin["origin_offset"])),
        kept_in=kept_in,
        reason=origin.get("reason", ""),
        schema_id=int(origin["schema_id"]) if "schema_id" in origin else None,
        origin_at=int(origin["origin_timestamp"]) if "origin_timestamp" in origin else None,
        put_aside_at=record.timestamp()[1],
        size=len(record.value() or b""),
        replay_of=_text(headers[REPLAY_OF]) if REPLAY_OF in headers else None,
        lies=_place(record),
        event_id=_event_id(headers.get(cloud_events.ID)),
    )


def _event_id(identifier: str | bytes | None) -> str | None:
    """None for what is no UUID: a header is as its sender made it, and may hold anything."""
    text = _text(identifier) if identifier is not None else ""
    return text if EVENT_ID.fullmatch(text) else None


def _content(record: Message) -> Content:
    key, value = record.key(), record.value()
    own = [(name, value) for name, value in _pairs(record) if name not in (*ORIGIN_HEADERS, REPLAY_OF)]
    return Content(
        key.encode() if isinstance(key, str) else key, value.encode() if isinstance(value, str) else value, own
    )


def _pairs(record: Message) -> Headers:
    pairs = record.headers() or []
    return list(pairs.items() if isinstance(pairs, dict) else pairs)


def _text(value: str | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
