"""Another office that takes alerts by HTTP, and a sink that tells it: what a sink is that writes outside of PostgreSQL.
`python -m tests.integration.sinks.office` runs the sink as a process."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from pydantic import Field, SecretStr

from runtime.setting_sources import OwnSettings
from runtime.settings import load
from sinks.decoding import JsonReader
from sinks.runner import Runner
from sinks.sink import Away, Connection, Read, Refused, Sink, Unreadable, newest
from wire.contracts import published
from wire.registry import Registry

DOMAIN = "facilities"
TOLD = ("finding_id", "rule", "state", "severity", "why_zh", "why_en", "dwelling", "opened_at", "at")
WRONG = (400, 409, 413, 422)
"""Answers that are about one alert; any other is about all of them, so they wait."""


class Office(OwnSettings, env_prefix="CITYGRID_FACILITY_OFFICE_"):
    """Where the office takes alerts, and how it knows us."""

    url: str = Field(pattern=r"^https?://\S+$")
    token: SecretStr | None = None


class FacilityOffice:
    """Each alert by PUT under its finding's number; the greatest `version` holds there."""

    def __init__(self, registry: Registry) -> None:
        self._alerts = JsonReader(registry, published()["alerts"].schema)
        office = Office.load()
        login = {"Authorization": f"Bearer {office.token.get_secret_value()}"} if office.token else {}
        self._office = httpx.Client(base_url=office.url, headers=login, timeout=10)

    def read(self, topic: str, key: str, value: bytes) -> dict[str, Any] | None:
        """What the office is told; None for what is not its business. Raises Unreadable."""
        alert = self._alerts.read(value)
        if alert["finding_id"] != key:
            raise Unreadable("the key is not the finding's id")
        if alert["domain"] != DOMAIN or alert["state"] == "held":
            return None
        return {name: alert[name] for name in TOLD}

    def write(self, connection: Connection, records: Sequence[Read]) -> int:
        told = [record for record in newest(records) if record.value is not None]
        for record in told:
            try:
                answer = self._office.put(f"/alerts/{record.key}", json=record.value | {"version": record.offset})
            except httpx.TransportError as away:
                raise Away("the facility office does not answer") from away
            if answer.status_code in WRONG:
                raise Refused(record, f"the facility office answers {answer.status_code}")
            if not answer.is_success:
                raise Away(f"the facility office answers {answer.status_code}")
        return len(told)


SINK = Sink("facility-office", lambda: ["alerts"], FacilityOffice, settings=Office, at_once=50)


class Server:
    """The office's side. `answers`: what it answers instead of 204, to an alert's path or to any (`*`)."""

    def __init__(self) -> None:
        self.alerts: dict[str, dict[str, Any]] = {}
        self.logins: set[str | None] = set()
        self.puts = 0
        self.answers: dict[str, int] = {}
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                office.puts += 1
                office.logins.add(self.headers["Authorization"])
                answer = office.answers.get(self.path) or office.answers.get("*", 204)
                if answer == 204 and said["version"] > office.alerts.get(self.path, {"version": -1})["version"]:
                    office.alerts[self.path] = said
                self.send_response(answer)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.settings = {"CITYGRID_FACILITY_OFFICE_URL": f"http://127.0.0.1:{self._http.server_port}"}

    def __enter__(self) -> Server:
        threading.Thread(target=self._http.serve_forever, name="office", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


if __name__ == "__main__":
    Runner(SINK, load(), threading.Event()).run()
