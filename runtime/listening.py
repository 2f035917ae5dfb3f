"""Whether a server can listen at an address."""

from __future__ import annotations

import socket


def refusal(host: str, port: int) -> str | None:
    """Why a server could not bind `port` of `host` (IPv4) now, in the system's words; None: it could."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as refused:
            return str(refused.strerror)
    return None
