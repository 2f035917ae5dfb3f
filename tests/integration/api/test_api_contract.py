"""The description, the problems, the headers, the limits, the log and the metrics."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from openapi_spec_validator import OpenAPIV31SpecValidator
from structlog.testing import capture_logs

from api.app import create_app, description_of
from api.gate import ROOT
from processes.api_server import site
from runtime import metrics
from runtime.http.language import accepted
from runtime.settings import Settings
from tests.integration.api.two_streets import City, LogIn
from web.assets import CONTENT_SECURITY_POLICY


def test_the_description_is_valid_openapi_31(app: FastAPI) -> None:
    document = description_of(app)
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_every_operation_says_what_it_does_and_how_it_fails(app: FastAPI) -> None:
    for path, item in description_of(app)["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], (path, method)
            assert operation["description"], (path, method)
            described = {
                status
                for status, response in operation["responses"].items()
                if "application/problem+json" in response.get("content", {})
            }
            assert "/health/" in path or path.endswith("openapi.json") or {"401", "422", "429", "503"} <= described, (
                path
            )


async def test_the_description_is_served_to_those_with_an_account(log_in: LogIn) -> None:
    assert (await (await log_in("ops")).get("/openapi.json")).json()["openapi"].startswith("3.1")


async def test_every_error_is_a_problem_in_the_readers_language(app: FastAPI, city: City, log_in: LogIn) -> None:
    worker, ops = await log_in("worker"), await log_in("ops")  # zh and en

    @app.get(f"{ROOT}/broken")
    async def broken() -> None:
        raise RuntimeError("周伟 440106196204030010")

    finding = city.here.findings[0]
    wrong: list[tuple[str, str, int, dict[str, Any]]] = [
        ("GET", "/alerts/not-a-uuid", 422, {}),
        ("GET", f"/alerts/{uuid.uuid4()}", 404, {}),
        ("GET", "/nowhere", 404, {}),
        ("PUT", f"/alerts/{finding}", 405, {"json": {}}),
        ("POST", "/tasks", 405, {"json": {}}),
        ("POST", f"/alerts/{finding}/people", 422, {"content": b"{", "headers": {"content-type": "application/json"}}),
        ("POST", f"/tasks/{city.here.tasks[0]}/complete", 422, {"json": {"outcome": "done", "note": "a\0b"}}),
        ("POST", f"/alerts/{finding}/people", 415, {"content": b"{}", "headers": {"content-type": "text/plain"}}),
        ("POST", f"/alerts/{finding}/people", 413, {"json": {"purpose": "x" * 70_000}}),
        (
            "POST",
            f"/alerts/{finding}/people",
            413,
            {"content": pieces(), "headers": {"content-type": "application/json"}},
        ),
        ("GET", "/alerts?limit=100000", 422, {}),
        ("GET", "/alerts?rule=%00", 422, {}),
        ("POST", "/rows/household/a%00", 422, {"json": {"purpose": "verify_fact"}}),
        ("GET", "/rows/household/a%00/looks", 422, {}),
        ("GET", "/broken", 500, {}),
    ]
    for method, address, status, more in wrong:
        answer = await worker.request(method, address, **more)
        assert answer.status_code == status, (method, address, answer.status_code, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert {"type", "title", "status", "detail", "instance"} <= set(problem)
        assert problem["status"] == status
        assert problem["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
        assert "周伟" not in answer.text
        if status == 405:
            assert answer.headers["allow"]
    assert (await worker.get(f"/alerts/{uuid.uuid4()}")).json()["title"] == "没有找到"
    assert (await ops.get(f"/alerts/{uuid.uuid4()}")).json()["title"] == "Not found"
    fields = (await ops.get("/alerts/not-a-uuid")).json()["errors"]
    assert fields == [{"pointer": "path/finding_id", "detail": "is not a UUID"}]


async def pieces() -> AsyncIterator[bytes]:
    for _ in range(100):
        yield b" " * 1024


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"), ("en", "en"), ("zh-CN,en;q=0.5", "zh"), ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("zh;q=0.1,en;q=0.2", "en"), ("fr", "zh"), ("en;q=x", "zh"), ("*", "zh"),
    ],
)  # fmt: skip
async def test_before_login_the_browser_says_the_language(
    anybody: httpx.AsyncClient, header: str | None, language: str
) -> None:
    assert accepted(header) == language
    answer = await anybody.get("/me", headers={"accept-language": header} if header else {})
    assert answer.headers["content-language"] == language


async def test_the_language_is_remembered(log_in: LogIn) -> None:
    client = await log_in("worker")
    assert (await client.patch("/me", json={"language": "en"})).json()["language"] == "en"
    assert (await client.get("/nowhere-without-account")).status_code == 404
    assert (await client.get(f"/tasks/{uuid.uuid4()}")).json()["title"] == "Not found"


async def test_an_address_that_asks_too_much_waits(city: City, api_settings: Settings) -> None:
    app = create_app(api_settings.model_copy(update={"api_requests_per_second": 1.0}))
    async with app.router.lifespan_context(app):
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://t{ROOT}")
        answers = [await client.get("/health/live") for _ in range(12)]
    assert [answer.status_code for answer in answers[:4]] == [200] * 4
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["type"] == "urn:citygrid:problem:too-many-requests"
    assert int(refused.headers["retry-after"]) >= 1


async def test_health_tells_the_truth(city: City, api_settings: Settings) -> None:
    away = api_settings.model_copy(update={"database_api_dsn": None})
    app = create_app(api_settings)
    async with app.router.lifespan_context(app):
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://t{ROOT}")
        await app.state.watch.connected.wait()
        assert (await client.get("/health/ready")).json() == {"status": "ready"}
        app.state.watch.connected.clear()
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()) == (503, {"status": "waiting"})
        assert (await client.get("/health/live")).status_code == 200
    with pytest.raises(Exception, match="CITYGRID_DATABASE_API_DSN"):
        away.dsn("api")


async def test_log_and_metrics_name_the_route_and_nobody(city: City, log_in: LogIn) -> None:
    client = await log_in("here")
    with capture_logs() as lines:
        await client.post(f"/rows/resident/{city.here.resident}", json={"purpose": "verify_fact"})
        await client.get(f"/nowhere/{city.here.resident}")
    known, unknown = (line for line in lines if line["event"] == "request")
    assert known["route"] == f"{ROOT}/rows/{{view}}/{{key}}"
    assert unknown["route"] == "(none)"
    assert known["status"] == 200
    assert len(known["account"]) == 12
    assert known["ms"] > 0
    assert city.here.resident not in str(lines)
    assert "verify_fact" not in str(lines)
    series = [sample.labels for metric in metrics.API_REGISTRY.collect() for sample in metric.samples]
    assert any(labels.get("route") == f"{ROOT}/rows/{{view}}/{{key}}" for labels in series)
    assert city.here.resident not in str(series)


async def test_pages_and_api_share_one_origin_with_their_own_policies(city: City, api_settings: Settings) -> None:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(site(api_settings)), base_url="http://t")
    page, library, api = await client.get("/"), await client.get("/lib/vue.js"), await client.get(f"{ROOT}/health/live")
    assert "text/html" in page.headers["content-type"]
    assert "javascript" in library.headers["content-type"]
    assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert api.headers["content-security-policy"].startswith("default-src 'none'")
    assert api.headers["cache-control"] == "no-store"
    for answer in (page, library, api):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
    for outside in ("/../pyproject.toml", "/%2e%2e/pyproject.toml", "/nowhere.html", "/lib/../../settings.py"):
        assert (await client.get(outside)).status_code == 404
    assert (await client.get(f"{ROOT}/nowhere")).headers["content-type"] == "application/problem+json"
