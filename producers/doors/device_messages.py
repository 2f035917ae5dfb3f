"""A device's message: who signed it, whether it was taken before, and the event that it makes. The same for HTTP and
MQTT; nothing here does I/O.

A device states as little as it can: what happened and when. Which dwelling the door belongs to, or who wears the
bracelet, is known from its registration, so no identity number is in a bracelet's message. The event's record is
`<device>-<sequence>`: the device's own number of what it states (see `record_of`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from hmac import compare_digest, digest
from typing import Any, NamedTuple

from producers.doors.batch import BatchRefused, Form, json_of
from producers.doors.device_keys import DeviceKeys
from producers.publish.json_form import instant
from producers.publish.statement import InvalidStatement, Ready, Statement

LONGEST_BODY = 8_192
AHEAD_S = 300
"""A device's clock may be so much ahead of ours."""
FURTHEST_JUMP = 100_000
"""The number of a device that counts may be so much greater than its last one: more than a busy door counts in the day
for which messages are taken late."""
MILLISECONDS = 100_000_000_000
"""From here on a number is the milliseconds since 1970, of a device that cannot keep a count."""
DEVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_SEQUENCE = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FIELDS = {"kind", "occurred_at", "change"}


class DeviceDoor(NamedTuple):
    """What devices of a department may state: kinds of one topic."""

    topic: str
    kinds: tuple[str, ...]


DOORS: Mapping[str, DeviceDoor] = {
    "door-access": DeviceDoor("door-access.swipe", ("SwipedIn", "SwipedOut")),
    "bracelet": DeviceDoor("bracelet.button", ("Pressed",)),
}


CALLS = "bracelet"
"""The department whose messages are calls for help: no other waits before them."""


class Device(NamedTuple):
    """A device as it is registered (`city.device`)."""

    id: str
    department: str
    subject: str
    salt: bytes
    key_id: str
    secret_sha256: bytes
    last_sequence: int
    revoked: bool
    registration: int = 1


HELD = """
SELECT id, department, subject, salt, key_id, secret_sha256, last_sequence, revoked_at IS NOT NULL,
       registration
FROM city.devices_held(%s)
"""
TOOK = "SELECT city.device_took(%s, %s, %s)"


class Message(NamedTuple):
    """A message as it came: names and numbers are still text, nothing of it is to be believed."""

    department: str
    device: str
    sequence: str
    sent_at: str
    signature: str
    body: bytes

    @staticmethod
    def devices(messages: Iterable[Message]) -> list[str]:
        """Whom the messages say they are from, as far as a device may be called so."""
        return sorted({message.device for message in messages if DEVICE.fullmatch(message.device)})

    def signed(self) -> bytes:
        """What is signed: a line each, then the body."""
        head = "\n".join(("citygrid-1", self.department, self.device, self.sequence, self.sent_at, ""))
        return head.encode() + self.body


class MessageRefused(Exception):
    """A message is not taken. `reason` is a word for logs and metrics; `error` says which field breaks the contract."""

    def __init__(self, reason: str, error: InvalidStatement | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.error = error


PROVEN = frozenset({"jumped_ahead", "signed_ahead", "signed_long_ago", "taken_already", "breaks_contract"})
"""Reasons that are only given once the signature was right."""


class Accepted(NamedTuple):
    """The event that a message makes."""

    topic: str
    ready: Ready
    sequence: int
    sent_at: datetime


def signature(key: bytes, message: Message) -> str:
    """HMAC-SHA-256 of what is signed, 64 hexadecimal digits."""
    return digest(key, message.signed(), "sha256").hex()


class Messages:
    """Turns messages into events. `window` (seconds): how long after its signing a message is taken."""

    def __init__(self, forms: Mapping[str, Form], keys: DeviceKeys, window: int) -> None:
        self._forms = forms
        self._keys = keys
        self._window = window

    def accept(self, message: Message, device: Device | None, now: int) -> Accepted:
        """The event of `message`, which says it is from `device`. `now` in microseconds. Raises MessageRefused."""
        if device is None or device.id != message.device or device.department != message.department:
            raise MessageRefused("unknown_device")
        if device.revoked:
            raise MessageRefused("revoked_device")
        self._refuse_forged(message, device)
        sent_at = _instant(message.sent_at)
        if sent_at > now + AHEAD_S * 1_000_000:
            raise MessageRefused("signed_ahead")
        if sent_at < now - self._window * 1_000_000:
            raise MessageRefused("signed_long_ago")
        sequence = int(message.sequence)
        if sequence <= device.last_sequence:
            raise MessageRefused("taken_already")
        if not follows(device.last_sequence, sequence, now // 1000):
            raise MessageRefused("jumped_ahead")
        topic, kinds = DOORS[device.department]
        try:
            statement = self._statement(message, device, kinds, self._forms[topic])
            ready = self._forms[topic].checked.ready(statement, now, pseudonymised=self._is_pseudonym(topic))
        except InvalidStatement as wrong:
            raise MessageRefused("breaks_contract", wrong) from None
        return Accepted(topic, ready, sequence, datetime.fromisoformat(message.sent_at))

    def _is_pseudonym(self, topic: str) -> bool:
        """Whether the subject is a person's: it was registered as a pseudonym, and nothing else in it is a number."""
        return self._forms[topic].contract.subject_is_identity

    def _refuse_forged(self, message: Message, device: Device) -> None:
        if not _SEQUENCE.fullmatch(message.sequence) or not _SIGNATURE.fullmatch(message.signature):
            raise MessageRefused("malformed")
        key = self._keys.key(device.department, device.id, device.salt, device.key_id, device.secret_sha256)
        if key is None:
            raise MessageRefused("city_key_missing")
        if not compare_digest(signature(key, message), message.signature):
            raise MessageRefused("wrong_signature")

    def _statement(self, message: Message, device: Device, kinds: tuple[str, ...], form: Form) -> Statement:
        if len(message.body) > LONGEST_BODY:
            raise InvalidStatement("message", f"is longer than {LONGEST_BODY} bytes")
        try:
            document = json_of(message.body)
        except BatchRefused:
            raise InvalidStatement("message", "must be JSON in UTF-8") from None
        if not isinstance(document, dict) or document.keys() != _FIELDS:
            raise InvalidStatement("message", f"must be an object of {', '.join(sorted(_FIELDS))}")
        kind: Any = document["kind"]
        if kind not in kinds:
            raise InvalidStatement("kind", f"must be one of {', '.join(kinds)}")
        change = document["change"]
        if isinstance(change, dict):
            if "device" in change:
                raise InvalidStatement("device", "is known from the key")
            change = {**change, "device": device.id}
        try:
            occurred_at = instant(document["occurred_at"])
        except ValueError as wrong:
            raise InvalidStatement("occurred_at", str(wrong)) from None
        return Statement(
            kind=kind,
            record=record_of(device, message.sequence),
            subject=device.subject,
            occurred_at=occurred_at,
            recorded_at=_instant(message.sent_at),
            change=form.json.change(kind, change),
        )


def follows(last: int, sequence: int, now: int) -> bool:
    """Whether a message's number can come after `last` (0: none yet): no number silences a device for ever. `now` in
    milliseconds since 1970. `city.device_took` holds the same bound."""
    if sequence < MILLISECONDS:
        return sequence <= last + FURTHEST_JUMP
    return (last == 0 or last >= MILLISECONDS) and sequence <= now + AHEAD_S * 1000


def record_of(device: Device, sequence: str) -> str:
    """The device's own number of what it states: `DOOR-1-17`, and of its second registration `DOOR-1-2.17`."""
    return f"{device.id}-{'' if device.registration == 1 else f'{device.registration}.'}{sequence}"


def _instant(text: str) -> int:
    try:
        return instant(text)
    except ValueError:
        raise MessageRefused("malformed") from None
