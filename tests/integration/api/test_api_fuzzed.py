"""Whatever somebody who is logged in sends to the pages' API, it answers: schemathesis finds no 5xx."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import httpx
import pytest

from api.app import description_of
from api.gate import ROOT
from tests.integration.api.two_streets import PASSWORD, City, Served

EXAMPLES = 5
UNTRIED = f"^{ROOT}/(session|stream|openapi.json|asyncapi.json)$"
"""Logging in takes a core for each attempt, logging out ends the rest; a stream does not end, and what is served as it
stands reads nothing of the request."""


@pytest.mark.rare
@pytest.mark.timeout(300)
async def test_nothing_that_is_sent_breaks_it(served: Served, city: City, tmp_path: Path) -> None:
    description = description_of(served.app)
    street = city.here
    known = {
        "finding_id": [str(finding) for finding in street.findings],
        "task_id": [str(task) for task in street.tasks],
        "key": [street.dwelling, street.household, street.resident, street.grid],
    }
    for item in description["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                # what is made up nobody has: then nothing behind "not found" would be tried
                if parameter["in"] == "path" and parameter["name"] in known:
                    parameter["schema"] = {"type": "string", "enum": known[parameter["name"]]}
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(description), "utf-8")
    async with httpx.AsyncClient(base_url=served.url, timeout=20) as client:
        (await client.post("/session", json={"name": "worker", "password": PASSWORD})).raise_for_status()
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    log = tmp_path / "judge.log"
    with log.open("wb") as output:
        judge = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "schemathesis.cli", "run", str(file), "--url", served.url.removesuffix(ROOT),
            "--header", f"Cookie: {cookie}", "--exclude-path-regex", UNTRIED, "--checks", "not_a_server_error",
            "--max-examples", str(EXAMPLES), "--phases", "fuzzing", "--generation-deterministic", "--no-shrink",
            "--request-timeout", "20", "--warnings", "off", "--no-color", cwd=tmp_path, stdout=output, stderr=output,
        )  # fmt: skip
        try:
            ended = await asyncio.wait_for(judge.wait(), 240)
        finally:
            if judge.returncode is None:
                judge.kill()
    assert ended == 0, log.read_text("utf-8")[-6_000:]
