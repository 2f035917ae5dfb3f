"""Asks a process of its own for a PDF, one at a time: its font takes a second of a core, which streams would miss."""

from __future__ import annotations

import asyncio
import json
import sys

import structlog

from api.handover_models import Handover
from api.problems import SHEET_BUSY, Refused
from runtime.http.language import Language
from runtime.settings import CHECKOUT
from wire.words import words

log = structlog.get_logger()

PATIENCE_S = 20.0
MOST_WAITING = 5


class Sheets:
    """Waits at most `PATIENCE_S`; more than `MOST_WAITING` are told to come again."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def handover(self, told: Handover, language: Language) -> bytes:
        """The PDF. Raises Refused (503)."""
        if self._waiting >= MOST_WAITING:
            raise Refused(SHEET_BUSY)
        rules = {name[5:]: title for name, title in words()[language].items() if name.startswith("rule.")}
        asked = {"told": told.model_dump(mode="json"), "language": language, "rules": rules}
        self._waiting += 1
        try:
            async with self._turn:
                return await _made(json.dumps(asked).encode())
        finally:
            self._waiting -= 1


async def _made(asked: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api.handover_sheet", cwd=CHECKOUT, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE_S):
            made, _ = await process.communicate(asked)
    except TimeoutError:
        made = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or not made:
        log.warning("sheet_failed", code=process.returncode)
        raise Refused(SHEET_BUSY)
    return made
