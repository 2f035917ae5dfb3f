"""What every small process of ours does around its work: it ends when asked to, and says how it is while it runs."""

from __future__ import annotations

import signal
import threading
from typing import Protocol

from dataplane.health import HealthServer


class Daemon(Protocol):
    """A process that works until its `stopping` is set."""

    def run(self) -> None:
        """Work until asked to end."""

    def live(self) -> str | None:
        """None, or why it is to be started again."""

    def ready(self) -> str | None:
        """None, or what it waits for."""


def stopping_when_asked() -> threading.Event:
    """Set by SIGTERM and SIGINT. To be called in the main thread."""
    stopping = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    return stopping


def serve(daemon: Daemon, host: str, port: int) -> None:
    """Run it, with `/live`, `/ready` and `/metrics` on `port` meanwhile."""
    health = HealthServer(host, port, daemon.live, daemon.ready)
    health.start()
    try:
        daemon.run()
    finally:
        health.stop()
