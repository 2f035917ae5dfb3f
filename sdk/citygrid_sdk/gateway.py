"""The city's gateway, as a department's program sees it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from citygrid_sdk.errors import Away, GatewayTrouble, KeyRefused, Problem, Refused
from citygrid_sdk.statement import Statement

STATEMENTS_A_BATCH = 500
BYTES_A_BATCH = 400_000
"""What one request carries at most; the gateway's own limits are higher."""
WAIT_AT_MOST_S = 30.0
PASSING = (408, 425, 429, 500, 502, 503, 504)


class _Passing(Exception):
    """Something that waiting may mend. `after`: what the gateway asks to wait, in seconds."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class Gateway:
    """One department's way to the city. One per thread; use it with `with`.

    `url` is the gateway's root, `key` the department's key, or `key_file` a file that holds it. `patience` (seconds) is
    how long one batch is tried while the gateway is away or busy. Raises KeyRefused if there is no key.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        key_file: Path | str | None = None,
        patience: float = 300.0,
        verify: str | bool = True,
    ) -> None:
        self._patience = patience
        self._client = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {_key(key, key_file)}"},
            timeout=httpx.Timeout(60.0, connect=10.0),
            verify=verify,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def publish(self, topic: str, statements: Iterable[Statement]) -> list[str]:
        """State `statements` on `topic`, in their order; the event ids, once the city's brokers have them all.

        Raises Refused (which statements, why; earlier batches were taken), Away, KeyRefused.
        """
        taken: list[str] = []
        for first, batch in _batches(statements):
            answer = self._asked("POST", f"/v1/events/{topic}", batch, first, taken)
            taken += answer["event_ids"]
        return taken

    def contracts(self) -> Any:
        """What this department may state: its topics with their kinds and fields."""
        return self._asked("GET", "/v1/contracts")

    def freshness(self) -> Any:
        """How fresh the city finds this department's topics."""
        return self._asked("GET", "/v1/freshness")

    def dead_letters(self) -> Any:
        """This department's records that could not be read: where they stood and why, never what they say."""
        return self._asked("GET", "/v1/dead-letters")

    def _asked(
        self, method: str, path: str, body: bytes | None = None, first: int = 0, taken: Sequence[str] = ()
    ) -> Any:
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(_Passing),
                wait=_wait,
                stop=stop_after_delay(self._patience),
                reraise=True,
            ):
                with attempt:
                    return self._once(method, path, body, first, taken)
        except _Passing as passing:
            raise Away(
                f"The gateway at {self._client.base_url} did not take it within {self._patience:.0f} s ({passing}). "
                "Send it again later: nothing doubles."
            ) from None

    def _once(self, method: str, path: str, body: bytes | None, first: int, taken: Sequence[str]) -> Any:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            answer = self._client.request(method, path, content=body, headers=headers)
        except httpx.TransportError as away:
            raise _Passing(type(away).__name__) from None
        said = _json(answer)
        told = str(said.get("detail") or said.get("title") or f"answer {answer.status_code}")
        if answer.status_code in PASSING:
            after = _seconds(answer.headers.get("Retry-After"))
            if after is not None and after > self._patience:  # the day's identity numbers are used up
                raise Away(f"{told} The gateway asks to wait {after:.0f} s.")
            raise _Passing(f"answer {answer.status_code}", after)
        if answer.is_success:
            return said
        if answer.status_code in (401, 403):
            raise KeyRefused(told)
        if answer.status_code == 422 and isinstance(said.get("errors"), list):
            problems = [_problem(each, first) for each in said["errors"]]
            raise Refused(told, problems, taken)
        raise GatewayTrouble(told)


def _key(key: str | None, file: Path | str | None) -> str:
    if key is None and file is not None:
        try:
            key = Path(file).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as unreadable:
            raise KeyRefused(f"The key file {file} cannot be read ({type(unreadable).__name__}).") from None
    if not key:
        raise KeyRefused("There is no key: pass `key` or `key_file`; the city's operator makes it.")
    return key


def _batches(statements: Iterable[Statement]) -> Iterator[tuple[int, bytes]]:
    """(index of the first statement, the batch as JSON), in order; an endless iterable is sent as it comes."""
    first, lines, size = 0, list[str](), 0
    for index, each in enumerate(statements):
        line = json.dumps(each.as_json(), ensure_ascii=False, separators=(",", ":"))
        weight = len(line.encode()) + 1
        if lines and (len(lines) == STATEMENTS_A_BATCH or size + weight > BYTES_A_BATCH):
            yield first, _array(lines)
            first, lines, size = index, [], 0
        lines.append(line)
        size += weight
    if lines:
        yield first, _array(lines)


def _array(lines: list[str]) -> bytes:
    return f"[{','.join(lines)}]".encode()


def _wait(state: RetryCallState) -> float:
    """What the gateway asked for, else longer each time."""
    error = state.outcome.exception() if state.outcome else None
    after = error.after if isinstance(error, _Passing) else None
    return min(after, WAIT_AT_MOST_S) if after is not None else wait_exponential_jitter(0.5, WAIT_AT_MOST_S)(state)


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdigit() else None


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {"items": said}


def _problem(said: Any, first: int) -> Problem:
    return Problem(first + int(said["index"]), str(said["field"]), str(said["reason"]))
