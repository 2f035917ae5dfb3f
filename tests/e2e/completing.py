"""Somebody at the API of a running city, who completes tasks and, like a tablet, sends a move until it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx

from database.accounts import Account, create
from runtime.settings import Settings
from tests.e2e.running import until

PASSWORD = "a long enough pass phrase"
PATIENCE = 120.0


class CommandCentre:
    """A worker of the whole city: who was there completes. Several threads may use it."""

    def __init__(self, settings: Settings, client: httpx.Client) -> None:
        self._client = client
        create(settings.dsn("owner"), Account("centre", "grid_worker"), PASSWORD)

    def wait_until_served(self) -> None:
        def lacking() -> str | None:
            try:
                reply = self._client.get("/health/ready")
            except httpx.TransportError:
                return "the API does not answer"
            return None if reply.status_code == 200 else f"the API is not ready: {reply.text[:200]}"

        until(lacking, PATIENCE)

    def sign_in(self) -> None:
        self._client.post("/session", json={"name": "centre", "password": PASSWORD}).raise_for_status()

    def states(self, tasks: set[str]) -> dict[str, str]:
        """The state of each task, as the API serves it."""
        return {task: self._client.get(f"/tasks/{task}").raise_for_status().json()["state"] for task in sorted(tasks)}

    def complete(self, task: str) -> bool:
        """Acknowledge and complete it. False if the system closed it before: its finding no longer held."""
        if self._move(task, "acknowledge", {}) is None:
            return False
        answer = self._move(task, "complete", {"outcome": "done"})
        return answer is not None and answer["visit"]["kept_as"] == "completion"

    def _move(self, task: str, move: str, body: dict[str, str]) -> dict[str, Any] | None:
        """The answer; None if the task's state does not allow it."""
        key = {"Idempotency-Key": str(uuid4())}
        answers: list[httpx.Response] = []

        def lacking() -> str | None:
            try:
                reply = self._client.post(f"/tasks/{task}/{move}", json=body, headers=key)
            except httpx.TransportError as broken:
                return f"{move}: {type(broken).__name__}"
            if reply.status_code in (429, 500, 502, 503):
                return f"{move}: {reply.status_code}"
            answers.append(reply)
            return None

        until(lacking, PATIENCE)
        if answers[0].status_code == 409:
            return None
        answer: dict[str, Any] = answers[0].raise_for_status().json()
        return answer


@contextmanager
def command_centre(settings: Settings) -> Iterator[CommandCentre]:
    """Of the city whose API runs under `settings`, once it serves; signed in."""
    with httpx.Client(base_url=f"http://127.0.0.1:{settings.api_port}/api/v1", timeout=20) as client:
        centre = CommandCentre(settings, client)
        centre.wait_until_served()
        centre.sign_in()
        yield centre
