"""What a tablet keeps unsent is opened for who sealed it; a sign-out without a network ends the session."""

from __future__ import annotations

import httpx
from fastapi import FastAPI

from tests.contracts.test_sealing import CONTENT, sealed_by_a_page
from tests.integration.api.two_streets import PASSWORD, City, LogIn


async def test_what_one_sealed_is_opened_for_oneself_only(city: City, log_in: LogIn) -> None:
    worker, colleague = await log_in("worker"), await log_in("colleague")
    key = (await worker.get("/sealing-key")).json()
    sealed = sealed_by_a_page(key["id"], key["key"], (await worker.get("/me")).json()["id"])
    assert (await worker.post("/sealed/open", json={"sealed": sealed})).json() == {"content": CONTENT}
    for client, text in ((colleague, sealed), (worker, sealed[:-4]), (worker, "k1.x"), (worker, "\u00e9")):
        assert (await client.post("/sealed/open", json={"sealed": text})).status_code == 404


async def test_who_signs_in_ends_the_session_that_the_browser_had(city: City, log_in: LogIn, app: FastAPI) -> None:
    """The one before may have signed out while there was no network."""
    worker = await log_in("worker")
    before = dict(worker.cookies)
    answer = await worker.post("/session", json={"name": "colleague", "password": PASSWORD})
    assert answer.json()["name"] == "colleague"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=str(worker.base_url), cookies=before, headers=worker.headers
    ) as stolen:
        assert (await stolen.get("/me")).status_code == 401
    refused = await worker.post("/session", json={"name": "worker", "password": "wrong"})
    assert refused.status_code == 401
    assert (await worker.get("/me")).json()["name"] == "colleague", "a wrong password ends nothing"
