"""Web Push in Chromium: asked for by a button, shown by the service worker while the page is elsewhere, and taken back.

No push service can be reached here, so Chromium's own half of the way is played: what `subscribe` would give comes from
the test, and DevTools hand the service worker what the service would bring (`ServiceWorker.deliverPushMessage`). That
what is sent can be opened with the browser's keys: tests/integration/database/test_push.py.
"""

from __future__ import annotations

import json
import uuid
from typing import Any, Literal

import psycopg
import pytest
from playwright.sync_api import CDPSession, expect
from py_vapid import Vapid02

from database import pushes
from database.pushes import Push
from processes.push_message import content_of
from runtime.push_services import public_key
from tests.e2e.conftest import ServedCity
from tests.e2e.pages.browser import PHONE, TABLET, browsing
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.test_pages_shifts import SCREENSHOTS
from tests.integration.database.test_push import Browser
from tests.integration.sinks.wire import until

SERVICE = "push.example.org"
BROWSER = """([endpoint, p256dh, auth]) => {
  window.asked = 0;
  let permission = "default";
  Object.defineProperty(Notification, "permission", { get: () => permission });
  Notification.requestPermission = async () => (window.asked += 1, (permission = "granted"));
  const own = { endpoint, options: {}, unsubscribe: async () => (window.left = true),
    toJSON: () => ({ endpoint, keys: { p256dh, auth } }) };
  PushManager.prototype.getSubscription = async () => window.wanted ? own : null;
  PushManager.prototype.subscribe = async (wanted) => (window.wanted = wanted, own);
}"""


@pytest.fixture
def push_service(monkeypatch: pytest.MonkeyPatch) -> str:
    """Before `served_city`: its settings name the service."""
    monkeypatch.setenv("CITYGRID_PUSH_SERVICES", SERVICE)
    return SERVICE


def subscriptions(city: ServedCity) -> list[tuple[Any, ...]]:
    with psycopg.connect(city.database.admin) as admin:
        return admin.execute("SELECT endpoint FROM city.push_subscription").fetchall()


def send_key(city: ServedCity) -> None:
    key = Vapid02()
    key.generate_keys()
    with psycopg.connect(city.database.sinks) as sinks:
        pushes.learn(sinks, public_key(key))


@pytest.mark.parametrize("size", [TABLET, PHONE])
def test_a_worker_allows_notices_by_a_button_and_never_on_load(
    push_service: str, served_city: ServedCity, size: tuple[int, int]
) -> None:
    tablet = Browser(f"https://{push_service}/v1/abc")
    with browsing(served_city.url) as browser:
        page = browser.of_another_person(size)
        page.add_init_script(f"({BROWSER})({json.dumps([tablet.endpoint, tablet.p256dh, tablet.auth])})")
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        page.locator("[data-test=route]").wait_for()
        expect(page.locator("[data-test=push]")).to_have_count(0)  # the city sends none

        send_key(served_city)
        page.reload()
        page.locator("[data-test=push] [data-state=ask]").wait_for()
        page.screenshot(path=SCREENSHOTS / f"push-ask-{size[0]}.png")
        assert page.evaluate("window.asked") == 0
        assert subscriptions(served_city) == []

        page.locator("[data-test=push-allow]").click()
        page.locator("[data-test=push] [data-state=on]").wait_for()
        page.screenshot(path=SCREENSHOTS / f"push-on-{size[0]}.png")
        assert page.evaluate("window.asked") == 1
        assert subscriptions(served_city) == [(tablet.endpoint,)]
        wanted = page.evaluate("[window.wanted.userVisibleOnly, window.wanted.applicationServerKey.length]")
        assert wanted == [True, 65]

        page.locator("[data-test=push-leave]").click()
        page.locator("[data-test=push] [data-state=ask]").wait_for()
        assert subscriptions(served_city) == []
        assert page.evaluate("window.left")


TASK = "00000000-0000-0000-0000-0000000000aa"
NOTICES = """navigator.serviceWorker.ready.then((one) => one.getNotifications())
  .then((all) => all.map((one) => [one.tag, one.title, one.body]))"""
CLICK = """async () => {
  self.clients.openWindow = async (address) => (self.opened = address);
  const [notification] = await registration.getNotifications();
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
}"""


def deliver(session: CDPSession, city: ServedCity, registration: str, kind: Literal["call", "over"]) -> None:
    """What a push service would bring to this browser."""
    push = Push(uuid.UUID(TASK), uuid.UUID(TASK), kind, "zh", "", "", "")
    content = {"origin": city.url, "registrationId": registration, "data": content_of(push)}
    session.send("ServiceWorker.deliverPushMessage", content)


def test_a_push_is_shown_without_a_name_and_the_end_takes_its_place(served_city: ServedCity) -> None:
    with browsing(served_city.url) as browser:
        page = browser.page()
        # Chromium wants one for a drawing that is opened by itself
        page.context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        page.context.grant_permissions(["notifications"], origin=served_city.url)
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        session = page.context.new_cdp_session(page)
        known: list[str] = []
        session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda event: known.extend(one["registrationId"] for one in event["registrations"]),
        )
        session.send("ServiceWorker.enable")
        until(lambda: page.evaluate("1") and known)
        page.goto(f"{served_city.url}/icon.svg")  # of the same origin, and no page of ours is open
        deliver(session, served_city, known[0], "call")
        until(lambda: page.evaluate(NOTICES) == [[TASK, "有一件紧急任务等待处理", ""]])
        deliver(session, served_city, known[0], "over")
        until(lambda: page.evaluate(NOTICES) == [[TASK, "已有人处理", ""]])

        (service_worker,) = page.context.service_workers
        service_worker.evaluate(CLICK)
        until(lambda: page.evaluate(NOTICES) == [])
        until(lambda: service_worker.evaluate("self.opened") == "/worker.html")

        deliver(session, served_city, known[0], "call")
        until(lambda: page.evaluate(NOTICES))
        page.goto(f"{served_city.url}/worker.html")  # it shows itself which calls wait
        page.locator("[data-test=route]").wait_for()
        until(lambda: page.evaluate(NOTICES) == [])
        browser.check()
