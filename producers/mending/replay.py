"""What goes back for a dead letter: the record as it came, the mended event, or nothing yet."""

from __future__ import annotations

from collections.abc import Callable

from domain.event import Event
from producers.mending.event_json import from_json
from producers.mending.letters import Content, DeadLetters, Letter
from runtime.settings import Settings
from wire.codec import Decoder
from wire.contracts import contracts
from wire.registry import Registry
from wire.topics import PARKED

Choose = Callable[[Letter, Content], Content | None]


def chooser(settings: Settings, registry: Registry, mended: str | None = None) -> Choose:
    """Choose the content that goes back for a letter: `mended` (JSON) if given, else the original; a parked record
    that this version cannot read either stays where it is (None)."""
    decoder = Decoder(registry, topic_prefix=settings.topic_prefix)

    def readable(topic: str, content: Content) -> bool:
        known = topic.removeprefix(settings.topic_prefix) in contracts()
        return known and isinstance(decoder.decode(topic, content.key, content.value), Event)

    def choose(letter: Letter, content: Content) -> Content | None:
        if mended is not None:
            return Content(*from_json(settings, registry, letter.origin.topic, mended))
        if letter.kept_in == PARKED and not letter.of_a_group and not readable(letter.origin.topic, content):
            return None
        return content

    return choose


def replay_parked(settings: Settings) -> int:
    """Send back every parked record that this version can read; returns how many.

    Raises LettersUnreadable if the letters cannot be read or sent.
    """
    sent: list[Letter] = []
    choose = chooser(settings, Registry.of(settings))
    DeadLetters(settings).replay(choose, lambda _: True, sent.append, (PARKED,))
    return len(sent)
