"""By which names a door is reached: a request for any other `Host` is refused before anything reads it.

A page elsewhere can make its own name point to this machine (DNS rebinding) and would then be of one origin with us.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from runtime.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - what is bound to, never what is asked for


def hosts_of(settings: Settings) -> frozenset[str]:
    """The names of `CITYGRID_HOSTS`, this machine's own, and the address that is bound to."""
    named = {name.strip().lower() for name in settings.hosts.split(",")}
    return frozenset(LOOPBACK | ({settings.host.lower(), *named} - ANY_ADDRESS))


def is_ours(request: Request, hosts: frozenset[str]) -> bool:
    """Whether the request names exactly one host, one of `hosts` or the address that it came to, as probes and whoever
    types an address do; its port does not matter."""
    named = request.headers.getlist("host")
    if len(named) != 1 or "@" in named[0]:
        return False
    try:
        parts = urlsplit(f"//{named[0]}")
    except ValueError:
        return False
    if parts.netloc != named[0] or not parts.hostname:
        return False
    return parts.hostname in hosts or (
        parts.hostname == (request.scope.get("server") or ("",))[0] and _is_address(parts.hostname)
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
