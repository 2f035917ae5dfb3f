"""The HTTP door of departments without a Kafka of their own, and of devices: `citygrid worker gateway`.

It listens on `CITYGRID_GATEWAY_PORT`, behind the city's TLS; `/live`, `/ready` and `/metrics` are on a port of their
own. What it does with a request: `producers/doors/`.
"""

from __future__ import annotations

import sys

import psycopg
import uvicorn

from dataplane.health import HealthServer
from producers.doors.app import create_app
from producers.doors.relay import Relay
from runtime import topic_reader
from runtime.http.patience import PatientHttp
from runtime.log import configure
from runtime.settings import Settings, SettingsRefused, load
from wire.access import PUT_ASIDE, Access, on
from wire.contracts import contracts, report_topics
from wire.pseudonym import KeyRefused

SHUTDOWN_SECONDS = 15
"""Who waits for Kafka still gets an answer."""


class Gateway:
    """One gateway process."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsRefused, KeyRefused."""
        self._settings = settings
        self.broken = False
        app = create_app(settings, self._failed)
        self._relay: Relay = app.state.relay
        self.server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.gateway_port,
                loop="uvloop",
                http=PatientHttp,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.api_proxies),
                forwarded_allow_ips=settings.api_proxies or None,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )

    def _failed(self) -> None:
        self.broken = True
        self.server.should_exit = True

    def live(self) -> str | None:
        """None while the relay turns."""
        return self._relay.live()

    def ready(self) -> str | None:
        """None while PostgreSQL answers and Kafka takes what it is given."""
        if self._relay.trouble:
            return self._relay.trouble
        try:
            with psycopg.connect(self._settings.dsn("doors"), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error as away:
            return f"PostgreSQL does not answer ({type(away).__name__})"
        return None


def access(settings: Settings) -> Access:
    """What the gateway does with Kafka: it states, reports, and reads what doors reported and what was put aside."""
    return Access(
        reads=on(settings, [*PUT_ASIDE, *report_topics()]),
        writes=on(settings, [*contracts(), *report_topics()]),
        groups=frozenset({topic_reader.group_of(settings)}),
    )


def main() -> int:
    """Serve until told to stop; the exit code: 0 when asked to end, 1 if it could not start or broke."""
    try:
        settings = load()
        configure(settings, "gateway")
        settings.dsn("doors")
        gateway = Gateway(settings)
    except (SettingsRefused, KeyRefused) as refused:
        print(refused, file=sys.stderr)
        return 1
    health = HealthServer(settings.host, settings.port_of("gateway"), gateway.live, gateway.ready)
    health.start()
    try:
        gateway.server.run()
    finally:
        health.stop()
    return 0 if gateway.server.started and not gateway.broken else 1


if __name__ == "__main__":
    sys.exit(main())
