"""The schema registry, as Confluent's API speaks: ids to schemas and back.

Own client on httpx rather than confluent_kafka's: that one needs four more packages (authlib, cachetools, attrs,
certifi) to be imported at all, retries a fixed number of times and then raises, and does not tell "not there" from
"away". Here a registry that is away is waited for, an id that it does not know is an answer.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_exponential_jitter

from runtime.settings import Settings

WAIT_AT_MOST_S = 5.0
#: An unknown id may be registered a moment later; until then a flood of poison must not become a flood of questions.
UNKNOWN_FOR_S = 10.0
UNKNOWN_AT_MOST = 10_000
CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


class RegistryAway(Exception):
    """The schema registry does not answer (now): wait and ask again; never dead-letter because of it."""


class RegistryRefused(Exception):
    """The schema registry answered no; the message is its reason. `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@cache
def _authorities() -> ssl.SSLContext:
    """Whose certificates are trusted: read once in a process, httpx would read them for each client (40 ms of CPU)."""
    return httpx.create_ssl_context()


class Registry:
    """Ids and schemas, remembered for good (an id never changes its schema). Safe to share between threads.

    Every method blocks while the registry is away, asking again after at most `WAIT_AT_MOST_S` seconds, until it
    answers or `stopping` is set: then it raises RegistryAway. `on_wait(seconds so far)` is called before each further
    attempt.
    """

    def __init__(
        self,
        url: str,
        *,
        auth: tuple[str, str] | None = None,
        stopping: threading.Event | None = None,
        on_wait: Callable[[float], None] | None = None,
    ) -> None:
        self._stopping = stopping or threading.Event()
        self._on_wait = on_wait
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            auth=auth,
            verify=_authorities() if url.startswith("https:") else False,  # to load them takes 30 ms
            timeout=10,
            headers={"Accept": CONTENT_TYPE, "Content-Type": CONTENT_TYPE},
        )
        self._schemas: dict[int, Mapping[str, Any] | None] = {}
        self._unknown: dict[int, float] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(
        cls,
        settings: Settings,
        *,
        stopping: threading.Event | None = None,
        on_wait: Callable[[float], None] | None = None,
    ) -> Registry:
        """The registry that the settings name."""
        password = settings.registry_password.get_secret_value() if settings.registry_password else ""
        auth = (settings.registry_username, password) if settings.registry_username else None
        return cls(settings.registry_url, auth=auth, stopping=stopping, on_wait=on_wait)

    def schema(self, schema_id: int) -> Mapping[str, Any] | None:
        """The Avro record schema of this id; None if the registry knows none (or it is no Avro record)."""
        if schema_id in self._schemas:
            return self._schemas[schema_id]
        with self._lock:
            if time.monotonic() < self._unknown.get(schema_id, 0):
                return None
            reply = self._asked("GET", f"/schemas/ids/{schema_id}")
            if reply.status_code == 404:
                if len(self._unknown) >= UNKNOWN_AT_MOST:
                    self._unknown.clear()
                self._unknown[schema_id] = time.monotonic() + UNKNOWN_FOR_S
                return None
            answer = _accepted(reply)
            parsed = json.loads(answer["schema"]) if answer.get("schemaType", "AVRO") == "AVRO" else None
            self._schemas[schema_id] = parsed if isinstance(parsed, dict) and parsed.get("type") == "record" else None
            return self._schemas[schema_id]

    def register(self, subject: str, schema: Mapping[str, Any]) -> int:
        """The id of `schema` under `subject`, registered if it was not. Raises RegistryRefused (409: incompatible)."""
        return self._id(subject, schema, f"/subjects/{subject}/versions")

    def id_of(self, subject: str, schema: Mapping[str, Any]) -> int:
        """The id under which `schema` is registered. Raises RegistryRefused (404) if it is not."""
        return self._id(subject, schema, f"/subjects/{subject}")

    def set_compatibility(self, subject: str, level: str) -> None:
        """Hold `subject` to a compatibility level, e.g. BACKWARD_TRANSITIVE."""
        _accepted(self._asked("PUT", f"/config/{subject}", {"compatibility": level}))

    def compatibility(self, subject: str) -> str:
        """The level to which `subject` is held."""
        return str(_accepted(self._asked("GET", f"/config/{subject}"))["compatibilityLevel"])

    def versions(self, subject: str) -> list[Mapping[str, Any]]:
        """Every schema that was registered under `subject`, oldest first."""
        numbers = _accepted(self._asked("GET", f"/subjects/{subject}/versions"))
        answers = (_accepted(self._asked("GET", f"/subjects/{subject}/versions/{number}")) for number in numbers)
        return [json.loads(answer["schema"]) for answer in answers]

    def close(self) -> None:
        self._http.close()

    def _id(self, subject: str, schema: Mapping[str, Any], path: str) -> int:
        text = json.dumps(schema, ensure_ascii=False)
        if (subject, text) not in self._ids:
            answer = _accepted(self._asked("POST", path, {"schema": text, "schemaType": "AVRO"}))
            self._ids[subject, text] = int(answer["id"])
        return self._ids[subject, text]

    def _asked(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        def before_sleep(state: RetryCallState) -> None:
            if self._on_wait:
                self._on_wait(state.seconds_since_start or 0.0)

        def sleep(seconds: float) -> None:
            self._stopping.wait(seconds)

        for attempt in Retrying(
            retry=retry_if_exception_type(RegistryAway),
            wait=wait_exponential_jitter(multiplier=0.1, max=WAIT_AT_MOST_S),
            stop=stop_when_event_set(self._stopping),
            sleep=sleep,
            before_sleep=before_sleep,
            reraise=True,
        ):
            with attempt:
                return self._once(method, path, body)
        raise AssertionError("tenacity ends with a result or an exception")

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        try:
            reply = self._http.request(method, path, content=json.dumps(body) if body is not None else None)
        except httpx.TransportError as away:
            raise RegistryAway(f"the schema registry at {self._http.base_url} does not answer: {away}") from away
        # A gateway in front of a dead registry, a starting one, one that is overloaded: all of them are "away".
        if reply.status_code in (408, 429) or reply.status_code >= 500:
            raise RegistryAway(f"the schema registry at {self._http.base_url} answers {reply.status_code}")
        if reply.status_code == 404 and "error_code" not in _body(reply):
            raise RegistryAway(
                f"what answers at {self._http.base_url} is not a schema registry; mend CITYGRID_REGISTRY_URL"
            )
        return reply


def _body(reply: httpx.Response) -> Any:
    try:
        return reply.json()
    except ValueError:
        return {}


def _accepted(reply: httpx.Response) -> Any:
    body = _body(reply)
    if reply.is_success:
        return body
    reason = body.get("message") if isinstance(body, dict) else None
    raise RegistryRefused(reason or f"the schema registry answered {reply.status_code}", reply.status_code)
