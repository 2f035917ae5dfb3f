"""The grid worker's route and a stop at the door."""

from __future__ import annotations

from typing import Literal

from playwright.sync_api import Locator, Page

Answer = Literal["yes", "no", "unknown"]
Outcome = Literal["done", "nobody_home", "refused"]


class GridWorker:
    def __init__(self, page: Page) -> None:
        self.page = page

    def wait_for_stop(self, finding: str | None = None, timeout_ms: float | None = None) -> Locator:
        """The stop at which that finding is, or the first of the route; waits for it to come by the stream."""
        stop = self.page.locator("[data-test=stop]" + (f':has([data-finding="{finding}"])' if finding else "")).first
        stop.wait_for(timeout=timeout_ms)
        return stop

    def stops(self) -> list[list[str]]:
        """The finding ids of each stop of the route, in order."""
        stops = self.page.locator("[data-test=stop]").all()
        return [[one.get_attribute("data-finding") or "" for one in findings_of(stop)] for stop in stops]

    def acknowledge(self, stop: Locator) -> None:
        """Accepts all that is to be done at a stop; returns once the page has taken it. `wait_until_sent` waits for
        the server."""
        key = stop.get_attribute("data-key")
        stop.locator("[data-test=acknowledge]").click()
        self.page.locator(f'[data-test=stop][data-key="{key}"][data-state=acknowledged]').wait_for()

    def wait_until_planned(self) -> None:
        """Returns once the route is the server's plan."""
        self.page.locator("[data-test=reasons]").first.wait_for()

    def arrive(self, stop: Locator) -> Visit:
        stop.locator("[data-test=arrive]").click()
        self.page.locator("[data-test=visit]").wait_for()
        return Visit(self.page)

    def arrive_after_accepting(self, stop: Locator) -> Visit:
        self.acknowledge(stop)
        return self.arrive(stop)

    def scan(self, stop: Locator, code: str) -> None:
        """Types the number on a door plate into the scanner; what comes of it is for the test to see."""
        stop.locator("[data-test=scan]").click()
        self.page.locator("[data-test=scan-code]").fill(code)
        self.page.locator("[data-test=scan-go]").click()

    def hand_over(self, stop: Locator, queue: str, reason: str) -> None:
        """Hands a stop to another queue; returns once the stop has left the route."""
        key = stop.get_attribute("data-key")
        stop.locator("[data-test=hand-over]").click()
        sheet = self.page.locator("[data-test=sheet]")
        sheet.locator("[data-test=move-queue]").select_option(queue)
        sheet.locator("[data-test=move-text]").fill(reason)
        sheet.locator("[data-test=move-send]").click()
        self.page.locator(f'[data-test=stop][data-key="{key}"]').wait_for(state="detached")

    def ask(self, stop: Locator, what: str, reason: str, amount: int | None = None) -> None:
        """Asks the street or district for `suspension` or `extension` of all that is to be done at a stop."""
        stop.locator("[data-test=ask]").click()
        sheet = self.page.locator("[data-test=sheet]")
        sheet.locator(f"[data-test=move-ask-{what}]").click()
        if amount:
            sheet.locator("[data-test=move-amount]").fill(str(amount))
        sheet.locator("[data-test=move-text]").fill(reason)
        sheet.locator("[data-test=move-send]").click()
        sheet.wait_for(state="detached")

    def waiting(self) -> int:
        """How many moves are not sent yet."""
        return int(self.page.locator("[data-test=waiting]").get_attribute("data-count") or 0)

    def wait_until_sent(self, timeout_ms: float | None = None) -> None:
        self.page.locator("[data-test=waiting][data-count='0']").wait_for(state="attached", timeout=timeout_ms)

    def wait_until_kept(self) -> None:
        """Returns once the service worker has the shell: from here on the page opens without a network."""
        self.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")


def findings_of(stop: Locator) -> list[Locator]:
    """The findings that are handled at a stop, in their order."""
    return stop.locator("[data-test=finding]").all()


class Visit:
    """A stop: the checks, a note and the result."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def checks(self) -> list[str]:
        rows = self.page.locator("[data-test=check]").all()
        return [row.get_attribute("data-check") or "" for row in rows]

    def matters(self) -> list[str]:
        """All that is to be done at this door, in words."""
        return self.page.locator("[data-test=matter]").all_inner_texts()

    def answer(self, check: str, answer: Answer) -> None:
        self.page.locator(f'[data-test=check][data-check="{check}"] label.{answer}').click()

    def note(self, text: str) -> None:
        self.page.locator("[data-test=note]").fill(text)

    def noted(self) -> str:
        return self.page.locator("[data-test=note]").input_value()

    def finish(self, outcome: Outcome = "done") -> None:
        """Chooses the result and finishes; returns on the route."""
        self.page.locator(f"[data-test=outcome] label.{outcome}").click()
        self.page.locator("[data-test=complete]").click()
        self.page.locator("[data-test=visit]").wait_for(state="detached")
