"""Web Push: which services may be asked to bring a message, and the key by which they know the city (RFC 8030, 8292).

A subscription names an address that the server is to call: without a list, whoever is signed in could have it call
whatever stands in the city's own network.
"""

from __future__ import annotations

import base64
import ipaddress
import os
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02, VapidException

from runtime.settings import Settings, SettingsRefused

LONGEST_ENDPOINT = 1_024


class PushKeyRefused(SettingsRefused):
    """The key that signs pushes cannot be used; the message says which file and what to do."""


def may_be_asked(settings: Settings, endpoint: str) -> bool:
    """Whether the endpoint of a subscription is one of `CITYGRID_PUSH_SERVICES`: over HTTPS, by name, on port 443.

    A service that is listed as `127.0.0.1:PORT` is this machine and may speak HTTP: for trying out, not in production.
    """
    if len(endpoint) > LONGEST_ENDPOINT or any(c <= " " or c == "\\" for c in endpoint):
        return False
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or parts.fragment:
        return False
    listed = services(settings)
    if _is_loopback(host):
        return settings.mode != "production" and parts.scheme in ("http", "https") and f"{host}:{port}" in listed
    return parts.scheme == "https" and port in (None, 443) and any(_names(service, host) for service in listed)


def services(settings: Settings) -> list[str]:
    """The hosts of `CITYGRID_PUSH_SERVICES`; none: nobody is sent a push."""
    return [word.lower() for word in (part.strip() for part in settings.push_services.split(",")) if word]


def _names(service: str, host: str) -> bool:
    """`*.example.org` names every host below example.org, and not itself."""
    return host.endswith(service[1:]) and host != service[2:] if service.startswith("*.") else host == service


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def key_file(settings: Settings) -> Path:
    """Where the key is, or is to be made."""
    return settings.vapid_key_file or settings.state_dir / "secrets" / "vapid.key"


def new_key() -> str:
    """A fresh key (P-256), as PEM."""
    key = Vapid02()
    key.generate_keys()
    return str(key.private_pem().decode("ascii"))


def make_key(file: Path) -> None:
    """Write a fresh key, mode 0600. Raises FileExistsError: one that is there is never replaced, since every
    subscription was made with it."""
    file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(new_key())


def read_key(settings: Settings) -> Vapid02:
    """The key. Raises PushKeyRefused."""
    file = key_file(settings)
    try:
        if file.stat().st_mode & 0o077:
            raise PushKeyRefused(f"{file} signs pushes and can be read by others: chmod 600.")
        return Vapid02.from_pem(file.read_bytes())
    except OSError:
        raise PushKeyRefused(
            f"The key that signs pushes, {file}, is not there: `citygrid prepare` makes it, or set "
            "CITYGRID_VAPID_KEY_FILE; without CITYGRID_PUSH_SERVICES none is needed."
        ) from None
    except (ValueError, VapidException):
        raise PushKeyRefused(f"{file} holds no key of Web Push (PEM of a P-256 key).") from None


def public_key(key: Vapid02) -> str:
    """As pages give it to a browser: the uncompressed point, Base64 for addresses, without its `=`."""
    point = key.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode("ascii")
