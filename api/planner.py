"""Asks the process that plans (`planning/worker.py`): one for this API, begun by the first question, and anew if it
dies.

The library that plans weighs 31 MB and computes for up to half a second: neither belongs into the process that answers.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import structlog

from api.problems import PLANNER_BUSY, Refused
from runtime.settings import CHECKOUT

log = structlog.get_logger()

PATIENCE_S = 5.0
MOST_WAITING = 20
"""Questions that may wait for their turn; the next one is told to come again."""
LONGEST_ANSWER = 4 * 1024 * 1024


class Planner:
    """One question at a time. `close` ends the process."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._process: asyncio.subprocess.Process | None = None

    async def plan(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer of `planning/worker.py`. Raises Refused (503) if none comes soon: the plan in hand stays."""
        if self._waiting >= MOST_WAITING:
            raise Refused(PLANNER_BUSY)
        self._waiting += 1
        try:
            async with self._turn:
                return await self._ask(json.dumps(question).encode() + b"\n")
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _ask(self, line: bytes) -> dict[str, Any]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                asked, answers = await self._pipes()
                asked.write(line)
                await asked.drain()
                answer = await answers.readline()
            said: dict[str, Any] = json.loads(answer)
            if "refused" in said:
                raise ValueError(said["refused"])
        except BaseException as failed:
            await self.close()  # an answer that is late must not be taken for the next question's
            if isinstance(failed, (OSError, TimeoutError, ValueError)):
                log.warning("planner_failed", reason=type(failed).__name__)
                raise Refused(PLANNER_BUSY) from None
            raise
        return said

    async def _pipes(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "planning.worker",
                cwd=CHECKOUT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_ANSWER,
            )
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise OSError("the process has no pipes")
        return asked, answers
