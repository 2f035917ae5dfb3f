"""What a tablet has not sent yet is sealed to the server's key when it is written: nobody on the tablet can read it.

The private keys follow from those of `CITYGRID_PSEUDONYM_KEY_FILE`, one each, so that every API process has the same
and a backup has them too (docs/decisions/0028-visits.md). A seal is ECDH on P-256 with a key made for this one text,
HKDF-SHA-256, AES-256-GCM: all of it is in WebCrypto (`web/static/app/seal.js`).
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from runtime.settings import Settings
from wire.pseudonym import KeyRefused, read_keys

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve: FIPS 186-4, D.1.2.3
FOR_KEYS = b"citygrid sealing key 1"
FOR_SEALS = b"citygrid seal 1"


class NotSealed(Exception):
    """The text is no seal for one of these keys, or was changed."""


class SealingKeys:
    """Opens what was sealed under any of its keys; `public` is the one to seal under now."""

    def __init__(self, keys: list[tuple[str, bytes]]) -> None:
        self._keys = {key_id: _private(key) for key_id, key in keys}
        self._current = keys[-1][0]

    @classmethod
    def of(cls, settings: Settings) -> SealingKeys:
        """Raises KeyRefused."""
        if settings.pseudonym_key_file is None:
            raise KeyRefused("CITYGRID_PSEUDONYM_KEY_FILE is not set: tablets have no key to seal under.")
        return cls(read_keys(settings.pseudonym_key_file))

    @property
    def public(self) -> tuple[str, str]:
        """The key's id, and the public key as an uncompressed point (65 bytes) in Base64."""
        return self._current, b64encode(_point(self._keys[self._current].public_key())).decode("ascii")

    def open(self, sealed: str) -> Any:
        """The JSON value in `sealed`: `<key id>.<point>.<iv>.<data>`, the last three in Base64. Raises NotSealed."""
        key_id, _, rest = sealed.partition(".")
        private = self._keys.get(key_id)
        if private is None:
            raise NotSealed
        try:
            point, iv, content = (b64decode(part, validate=True) for part in rest.split("."))
            theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
            salt = point + _point(private.public_key())
            secret = HKDF(hashes.SHA256(), 32, salt, FOR_SEALS).derive(private.exchange(ec.ECDH(), theirs))
            return json.loads(AESGCM(secret).decrypt(iv, content, key_id.encode()))
        except (ValueError, RecursionError, InvalidTag) as broken:
            raise NotSealed from broken


def _private(key: bytes) -> ec.EllipticCurvePrivateKey:
    derived = int.from_bytes(HKDF(hashes.SHA256(), 48, None, FOR_KEYS).derive(key))
    return ec.derive_private_key(derived % (ORDER - 1) + 1, CURVE)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
