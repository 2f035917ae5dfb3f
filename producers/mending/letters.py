"""Dead letters and parked records: what there is, one of them whole, and sending them back to where they came from.

A stage puts a record aside as it came, with its origin in headers (`dataplane/origin.py`). A replay sends
key, value and own headers back to the origin's topic and partition; what was mended goes to the partition of its key.
The same Kafka transaction writes a *mark* (a record without value, header `replayed`) behind the letter, into the same
partition: so a second replay knows, and retention never deletes the mark before its letter. All replays share one
transactional id: of two at once, the older is fenced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from dataplane.origin import ORIGIN_HEADERS
from runtime import topic_reader
from runtime.settings import Settings
from runtime.topic_reader import TopicUnreadable
from wire.contracts import contracts
from wire.letters import REPLAYED, Headers, Letter, LettersUnreadable, Origin, letter_of, mark_of, pairs_of, place
from wire.topics import DEAD_LETTERS, PARKED, REPLAY_OF, WRITTEN_AT_MOST

__all__ = ["Content", "DeadLetters", "Letter", "LettersUnreadable", "Origin"]

log = structlog.get_logger("citygrid.dead_letters")

PATIENCE_S = 30.0
RECORDS_A_TRANSACTION = 500


def transactional_id(settings: Settings) -> str:
    """That of every replay: of two at once, the older is fenced."""
    return f"{settings.topic_prefix}citygrid-replay"


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
                headers = dict(pairs_of(record))
                if (mark := mark_of(headers)) is not None:
                    marks[mark] = record.timestamp()[1]
                    continue
                letter = letter_of(record, name, headers)
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
            if place(record) == (partition, offset):
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
                    letter = wanted.pop((name, *place(record)), None)
                    if letter is None:
                        continue
                    as_it_came = _content(record)
                    content = choose(letter, as_it_came)
                    if content and not (letter.left_out and content is as_it_came):
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


def _content(record: Message) -> Content:
    key, value = record.key(), record.value()
    own = [(name, value) for name, value in pairs_of(record) if name not in (*ORIGIN_HEADERS, REPLAY_OF)]
    return Content(
        key.encode() if isinstance(key, str) else key, value.encode() if isinstance(value, str) else value, own
    )
