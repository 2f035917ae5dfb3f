"""Web Push over HTTP: who may subscribe, and which addresses the server lets itself be told to call."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from py_vapid import Vapid02

from database import pushes
from runtime.push_services import public_key
from tests.integration.api.two_streets import City, LogIn
from tests.integration.database.test_push import Browser

SERVICE = "push.example.org"


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> str:
    """Before `city`: its settings name the service."""
    monkeypatch.setenv("CITYGRID_PUSH_SERVICES", SERVICE)
    return SERVICE


def subscription(endpoint: str, **keys: str) -> dict[str, Any]:
    browser = Browser(endpoint)
    return {"endpoint": endpoint, "keys": {"p256dh": browser.p256dh, "auth": browser.auth} | keys}


async def test_a_tablet_subscribes_at_a_listed_service_only(listed: str, city: City, log_in: LogIn) -> None:
    worker, centre = await log_in("worker"), await log_in("district")
    good = subscription(f"https://{listed}/v1/abc")
    assert (await worker.get("/push")).json() == {"key": None, "subscribed": False}
    assert (await worker.put("/push", json=good)).status_code == 403, "the city has no key yet"
    key = Vapid02()
    key.generate_keys()
    with psycopg.connect(city.database.sinks) as sinks:
        pushes.learn(sinks, public_key(key))
    assert (await worker.get("/push")).json() == {"key": public_key(key), "subscribed": False}
    assert (await centre.get("/push")).json() == {"key": None, "subscribed": False}
    assert (await centre.put("/push", json=good)).status_code == 403
    for bad in (
        subscription("http://127.0.0.1:15432/"),
        subscription("https://10.0.0.8/admin"),
        subscription(f"http://{listed}/v1/abc"),
        subscription(good["endpoint"], p256dh="AAAA"),
        subscription(good["endpoint"], auth="not Base64!"),
        subscription("https://" + "a" * 2000),
    ):
        assert (await worker.put("/push", json=bad)).status_code == 422, bad
    assert (await worker.put("/push", json=good)).status_code == 204
    assert (await worker.put("/push", json=good)).status_code == 204
    assert (await worker.get("/push")).json()["subscribed"]
    assert (await worker.delete("/push")).status_code == 204
    assert not (await worker.get("/push")).json()["subscribed"]
