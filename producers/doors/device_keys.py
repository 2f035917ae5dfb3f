"""A device's key: made from the city's key, a salt and the device's name, shown once, and kept nowhere.

A device signs with its key, so the door must know it; yet who reads the database must not be able to sign. So the door
makes it anew from the city's key file and the salt that the database keeps, and compares its SHA-256 with what was kept
when it was made: another city key, another salt or another device is noticed.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest, digest
from typing import NamedTuple

from runtime.settings import Settings
from wire.pseudonym import KeyRefused, read_keys

SALT_BYTES = 16


class NewDeviceKey(NamedTuple):
    """A key just made: `text` is what the device gets, once; the rest is kept."""

    text: str
    salt: bytes
    key_id: str
    secret_sha256: bytes


class DeviceKeys:
    """Makes devices' keys under the city's keys. Raises KeyRefused if there are none."""

    def __init__(self, settings: Settings) -> None:
        if settings.pseudonym_key_file is None:
            raise KeyRefused(
                "CITYGRID_PSEUDONYM_KEY_FILE is not set: devices' keys are made from the city's key. Set it to the "
                "city's key file, or start the local stack with `make up`, which makes one."
            )
        keys = read_keys(settings.pseudonym_key_file)
        self._keys = dict(keys)
        self._in_force = keys[-1][0]

    def new(self, department: str, device: str) -> NewDeviceKey:
        """A new key for a device: another salt, hence another key."""
        salt = secrets.token_bytes(SALT_BYTES)
        text = self._text(self._keys[self._in_force], department, device, salt)
        return NewDeviceKey(text, salt, self._in_force, sha256(text.encode()).digest())

    def key(self, department: str, device: str, salt: bytes, key_id: str, kept_sha256: bytes) -> bytes | None:
        """What the device signs with; None if the city's key that made it is not here any more."""
        city = self._keys.get(key_id)
        if city is None:
            return None
        text = self._text(city, department, device, salt).encode()
        return text if compare_digest(sha256(text).digest(), kept_sha256) else None

    @staticmethod
    def _text(city: bytes, department: str, device: str, salt: bytes) -> str:
        # a name of its own before it: no identity number and no other use of the city's key looks like this
        text = b"\0".join((b"citygrid device key", department.encode(), device.encode(), salt))
        return "cgd_" + urlsafe_b64encode(digest(city, text, "sha256"))[:43].decode()
