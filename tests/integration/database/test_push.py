"""Who is told of a call hears of it by Web Push: a push service of the test's own gets it, and the browser's keys open
it. What a real browser does with it: tests/e2e/test_pages_calls.py."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import http_ece
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from prometheus_client import REGISTRY
from py_vapid import Vapid02

from processes.push import Pushing
from runtime.push_services import PushKeyRefused, key_file, make_key, may_be_asked, public_key, read_key
from runtime.settings import Settings
from tests.integration.database.test_calls import answer, call, tell, worker
from tests.integration.database.test_escalation import act
from tests.integration.database.world import World
from tests.integration.sinks.wire import until


def plain(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Browser:
    """A subscription with keys of its own, as a browser makes one."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = b"sixteen bytes...".ljust(16)
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.p256dh, self.auth = plain(point), plain(self._auth)

    def opened(self, body: bytes) -> dict[str, Any]:
        content = http_ece.decrypt(body, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
        told: dict[str, Any] = json.loads(content)
        return told

    def subscribe(self, world: World, token: str) -> None:
        with world.as_account(token) as connection:
            connection.execute("SELECT city.subscribe_push(%s, %s, %s)", (self.endpoint, self.p256dh, self.auth))


class Service:
    """A push service on this machine; `answers` says what it does with the next requests, by their path."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: dict[str, list[int]] = {}
        taken, answers = self.taken, self.answers

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                taken.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                left = answers.get(self.path, [])
                status = left.pop(0) if left else 201
                self.send_response(status)
                if status == 307:
                    self.send_header("Location", f"http://{self.headers['host']}/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - the library's name

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"

    def to(self, path: str) -> list[bytes]:
        return [body for where, _, body in list(self.taken) if where == path]


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    thread = threading.Thread(target=service.server.serve_forever, daemon=True)
    thread.start()
    yield service
    service.server.shutdown()
    service.server.server_close()
    thread.join(10)


@pytest.fixture
def settings(world: World, service: Service, tmp_path: Path) -> Settings:
    settings = Settings(
        _env_file=None,
        state_dir=tmp_path,
        database_sinks_dsn=world.database.sinks,
        push_services=f"push.example.org, {service.host}",
    )
    make_key(key_file(settings))
    return settings


@contextmanager
def pushing(settings: Settings) -> Iterator[None]:
    stopping, errors = threading.Event(), []
    process = Pushing(settings, stopping)

    def run() -> None:
        try:
            process.run()
        except BaseException as error:  # noqa: BLE001 - told by the raise below
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: process.ready() is None)
        yield
    finally:
        stopping.set()
        thread.join(60)
    if errors:
        raise errors[0]


def count(world: World, table: str) -> int:
    with psycopg.connect(world.database.admin) as admin:
        row = admin.execute(f"SELECT count(*) FROM city.{table}").fetchone()
    return int(row[0]) if row else 0


def settled(world: World) -> bool:
    with psycopg.connect(world.database.admin) as admin:
        return admin.execute("SELECT FROM city.push WHERE sent_at IS NULL").fetchone() is None


def test_who_is_told_gets_a_push_that_names_nobody_and_an_acknowledgement_takes_it_back(
    world: World, service: Service, settings: Settings
) -> None:
    near, desk = worker(world, "near", 80), worker(world, "next", 300)
    ours, other = Browser(f"http://{service.host}/near"), Browser(f"http://{service.host}/next")
    with pushing(settings):
        ours.subscribe(world, near)
        other.subscribe(world, desk)
        task = call(world)
        began = time.monotonic()
        tell(world)
        (body,) = until(lambda: service.to("/near"), seconds=10)
        assert time.monotonic() - began < 5
        told = ours.opened(body)
        assert told == {"kind": "call", "tag": str(task), "lang": "zh", "title": "有一件紧急任务等待处理"}
        assert not service.to("/next"), "one at a time"
        until(lambda: settled(world))
        answer(world, near, task)
        _, over = until(lambda: service.to("/near") if len(service.to("/near")) == 2 else None)
        assert ours.opened(over) == {"kind": "over", "tag": str(task), "lang": "zh", "title": "已有人处理"}
        until(lambda: count(world, "push") == 0)
        assert not service.to("/next"), "who was not told is not told that it is over"
    _, headers, _ = service.taken[0]
    assert (headers["ttl"], headers["urgency"], headers["topic"]) == ("300", "high", task.hex)
    assert headers["content-encoding"] == "aes128gcm"
    signed, key = (part.split("=", 1)[1] for part in headers["authorization"].removeprefix("vapid ").split(","))
    assert key == public_key(read_key(settings))
    claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
    assert claims["aud"] == f"http://{service.host}"
    assert Vapid02.verify(f"vapid t={signed},k={key}")
    assert REGISTRY.get_sample_value("citygrid_pushes_total", {"kind": "call", "outcome": "sent"})


def test_an_acknowledgement_before_it_is_sent_sends_nothing(world: World, service: Service, settings: Settings) -> None:
    near = worker(world, "near", 80)
    with pushing(settings):
        pass  # the key is known
    Browser(f"http://{service.host}/near").subscribe(world, near)
    task = call(world)
    tell(world)
    answer(world, near, task)
    assert count(world, "push") == 0
    with pushing(settings):
        again = call(world, door="d2")
        act(world, near, again, "acknowledge")
        until(lambda: settled(world))
    assert service.taken == []


@pytest.mark.parametrize("status", [404, 410])
def test_an_expired_subscription_is_dropped(world: World, service: Service, settings: Settings, status: int) -> None:
    near = worker(world, "near", 80)
    service.answers["/near"] = [status]
    with pushing(settings):
        Browser(f"http://{service.host}/near").subscribe(world, near)
        call(world)
        tell(world)
        until(lambda: count(world, "push_subscription") == 0)
    assert len(service.taken) == 1
    assert count(world, "push") == 0


def test_a_service_that_is_away_is_asked_again(world: World, service: Service, settings: Settings) -> None:
    near = worker(world, "near", 80)
    service.answers["/near"] = [503, 429]
    ours = Browser(f"http://{service.host}/near")
    with pushing(settings):
        ours.subscribe(world, near)
        call(world)
        tell(world)
        until(lambda: count(world, "push") and settled(world))
    assert len(service.taken) == 3
    assert ours.opened(service.taken[-1][2])["kind"] == "call"


def test_no_redirection_is_followed(world: World, service: Service, settings: Settings) -> None:
    near = worker(world, "near", 80)
    service.answers["/near"] = [307]
    with pushing(settings):
        Browser(f"http://{service.host}/near").subscribe(world, near)
        call(world)
        tell(world)
        until(lambda: settled(world))
    assert [path for path, _, _ in service.taken] == ["/near"]


def test_a_subscription_ends_with_its_session_and_with_the_city_s_key(
    world: World, service: Service, settings: Settings
) -> None:
    near, far = worker(world, "near", 80), worker(world, "far", 90)
    with pushing(settings):
        Browser(f"http://{service.host}/near").subscribe(world, near)
        Browser(f"http://{service.host}/far").subscribe(world, far)
        with world.as_account(near) as connection:
            connection.execute("SELECT city.logout()")
        assert count(world, "push_subscription") == 1
    key_file(settings).unlink()
    make_key(key_file(settings))
    with pushing(settings):
        assert count(world, "push_subscription") == 0


def test_a_tablet_tells_only_who_signed_in_last(world: World, service: Service, settings: Settings) -> None:
    first, second = worker(world, "first", 80), worker(world, "second", 90)
    with pushing(settings):
        tablet = Browser(f"http://{service.host}/tablet")
        tablet.subscribe(world, first)
        tablet.subscribe(world, second)
        assert count(world, "push_subscription") == 1
        call(world)
        tell(world)
        until(lambda: settled(world))
    assert service.taken == [], "first was told, and is not at the tablet any more"


def test_only_grid_workers_subscribe_and_only_where_pushes_are_sent(
    world: World, service: Service, settings: Settings
) -> None:
    centre, near = world.account("command_centre", ""), worker(world, "near", 80)
    browser = Browser(f"http://{service.host}/x")
    with pytest.raises(psycopg.Error, match="where the city does so") as refused:
        browser.subscribe(world, near)
    assert refused.value.sqlstate == "CG403"
    with pushing(settings):
        with pytest.raises(psycopg.Error) as refused:
            browser.subscribe(world, centre)
        assert refused.value.sqlstate == "CG403"


def test_where_no_service_is_listed_the_process_runs_and_nothing_is_kept(world: World, tmp_path: Path) -> None:
    off = Settings(_env_file=None, state_dir=tmp_path, database_sinks_dsn=world.database.sinks)
    near = worker(world, "near", 80)
    with pushing(off), world.as_account(near) as connection:
        assert connection.execute("SELECT public_key, subscribed FROM city.my_push()").fetchone() == (None, False)


@pytest.mark.parametrize(
    ("endpoint", "may"),
    [
        ("https://push.example.org/v1/abc", True),
        ("https://push.example.org:443/v1/abc", True),
        ("https://eu.notify.example.com/abc", True),
        ("https://notify.example.com/abc", False),
        ("http://push.example.org/v1/abc", False),
        ("https://push.example.org:8443/v1/abc", False),
        ("https://push.example.org.evil.test/v1", False),
        ("https://push.example.org@10.0.0.1/", False),
        ("https://10.0.0.1/", False),
        ("https://127.0.0.1/", False),
        ("http://127.0.0.1:15432/", False),
        ("http://127.0.0.1:9/ok", True),
        ("https://[::1]:9/", False),
        ("https://push.example.org\\@evil.test/", False),
        ("https://push.example.org/" + "a" * 2000, False),
        ("file:///etc/passwd", False),
        ("https://[broken", False),
        ("", False),
    ],
)
def test_only_listed_services_are_asked(endpoint: str, may: bool) -> None:
    settings = Settings(_env_file=None, push_services="push.example.org,*.notify.example.com,127.0.0.1:9")
    assert may_be_asked(settings, endpoint) is may
    production = settings.model_copy(update={"mode": "production"})
    wanted = may and urlsplit(endpoint).hostname != "127.0.0.1"
    assert may_be_asked(production, endpoint) is wanted


def test_the_key_is_private_and_made_once(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, state_dir=tmp_path)
    with pytest.raises(PushKeyRefused, match="citygrid prepare"):
        read_key(settings)
    file = key_file(settings)
    make_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        make_key(file)
    file.chmod(0o644)
    with pytest.raises(PushKeyRefused, match="chmod 600"):
        read_key(settings)
    file.chmod(0o600)
    file.write_text("nothing")
    with pytest.raises(PushKeyRefused, match="no key"):
        read_key(settings)
