"""One message of Web Push: what it says, and how it is sent. It names no person, no door and no kind of need."""

from __future__ import annotations

import json
from typing import Any

import requests
import structlog
from pywebpush import WebPushException, webpush
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from database.pushes import Outcome, Push
from runtime.push_services import may_be_asked, read_key
from runtime.settings import Settings

log = structlog.get_logger("citygrid.push")

TITLES = {
    "call": {"zh": "有一件紧急任务等待处理", "en": "An urgent task waits"},
    "over": {"zh": "已有人处理", "en": "Somebody is at it"},
}
LASTS_S = 300
"""So long a service keeps a message for a browser that is away; then the call has gone to others."""
TIMEOUT_S = 5.0
ATTEMPTS = 4
LONGEST_PAUSE_S = 8.0
GONE = (404, 410)
"""The subscription has expired, or the browser gave it up (RFC 8030, 7.3)."""
AGAIN = (408, 425, 429)


class Again(Exception):
    """The service is away or asks for patience."""


class Sender:
    """Sends for one installation; may be used by several threads. Raises PushKeyRefused."""

    def __init__(self, settings: Settings, longest_pause_s: float = LONGEST_PAUSE_S) -> None:
        self._settings = settings
        self._key = read_key(settings)
        self._longest_pause_s = longest_pause_s

    def send(self, push: Push) -> Outcome:
        """Hand it to the browser's service, again if that is away; what became of it."""
        if not may_be_asked(self._settings, push.endpoint):
            log.warning("push_service_not_listed")  # it was, when the browser subscribed
            return "gone"
        patient = Retrying(
            retry=retry_if_exception_type(Again),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential_jitter(multiplier=0.5, max=self._longest_pause_s),
            before_sleep=_told,
            retry_error_callback=lambda _: "failed",
        )
        outcome: Outcome = patient(self._once, push)
        return outcome

    def _once(self, push: Push) -> Outcome:
        with _Session() as session:
            try:
                webpush(
                    {"endpoint": push.endpoint, "keys": {"p256dh": push.p256dh, "auth": push.auth}},
                    data=content_of(push),
                    vapid_private_key=self._key,
                    vapid_claims={"sub": self._settings.push_contact},
                    ttl=LASTS_S,
                    # Of two for one task that wait at the service, the later replaces the earlier.
                    headers={"Urgency": "high", "Topic": push.task.hex},
                    timeout=TIMEOUT_S,
                    requests_session=session,
                )
            except WebPushException as refused:
                return _judged(refused)
            except (requests.ConnectionError, requests.Timeout) as away:
                raise Again(type(away).__name__) from None
            except (requests.RequestException, ValueError) as broken:  # keys that are none, or a redirection
                log.warning("push_refused", reason=type(broken).__name__)
                return "gone"
        return "sent"


class _Session(requests.Session):  # type: ignore[misc] # without types
    """Follows no redirection: a service that is listed cannot send us elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = 0


def content_of(push: Push) -> str:
    """What the service worker (web/static/sw.js) gets, as JSON. `tag`: the task; a notice replaces that of the same."""
    content: dict[str, Any] = {"kind": push.kind, "tag": str(push.task), "lang": push.language}
    return json.dumps(content | {"title": TITLES[push.kind][push.language]}, ensure_ascii=False)


def _judged(refused: WebPushException) -> Outcome:
    status = refused.response.status_code if refused.response is not None else 0
    if status in GONE:
        return "gone"
    if status in AGAIN or status >= 500:
        raise Again(f"HTTP {status}") from None
    log.warning("push_refused", status=status)
    return "failed"


def _told(state: RetryCallState) -> None:
    why = state.outcome.exception() if state.outcome else None
    log.info("push_service_waited_for", reason=str(why))
