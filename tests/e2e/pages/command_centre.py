"""The command centre: the live list, the case beside it, the map and the head numbers."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


class CommandCentre:
    def __init__(self, page: Page) -> None:
        self.page = page

    def wait_until_live(self) -> None:
        """Returns once the stream is connected: what happens from here on is seen without reading again."""
        self.page.locator("[data-test=stream][data-state=live]").wait_for()

    def wait_for_alert(
        self, rule: str | None = None, finding: str | None = None, timeout_ms: float | None = None
    ) -> Locator:
        """The first alert in the list of that rule, or with that finding id; waits for it to come by the stream."""
        wanted = (
            "[data-test=alert]"
            + (f'[data-rule="{rule}"]' if rule else "")
            + (f'[data-finding="{finding}"]' if finding else "")
        )
        row = self.page.locator(wanted).first
        row.wait_for(timeout=timeout_ms)
        return row

    def findings(self) -> list[str]:
        """The finding ids in the list, from the top."""
        rows = self.page.locator("[data-test=alert]")
        findings: list[str] = rows.evaluate_all("rows => rows.map((row) => row.dataset.finding)")
        return findings

    def open_case(self, row: Locator) -> Case:
        """A click on an alert: the case beside the list."""
        row.locator("button").click()
        self.page.locator("[data-test=case] [data-test=why]").wait_for()
        return Case(self.page)

    def case(self) -> Case:
        """The case that is open."""
        return Case(self.page)

    def search(self, text: str) -> None:
        self.page.locator("[data-test=search]").fill(text)

    def hits(self) -> Locator:
        """What the search has found, a line for each alert."""
        return self.page.locator("[data-test=hits] li")

    def look_up(self, identity_number: str, purpose: str = "answer_citizen") -> None:
        """Types a person's number, says why, and waits for the person's record."""
        self.search(identity_number)
        self.page.locator("[data-test=search]").press("Enter")
        self.page.locator("[data-test=look-purpose]").select_option(purpose)
        self.page.locator("[data-test=look]").click()
        self.page.locator("[data-test=row][data-view=resident]").wait_for()

    def number(self, key: str) -> str:
        """A head number as it is shown: `open`, `due_today`, `overdue`, `waiting_for_assignment`, `workers_on_duty`."""
        return self.page.locator(f"[data-test=number-{key}] b").inner_text()

    def follow_number(self, key: str) -> None:
        """A click on a head number: the list shows what it counts."""
        self.page.locator(f"[data-test=number-{key}]").click()

    def drill_to(self, code: str) -> None:
        """Into a region of the map by its code; waits until the map shows what lies below."""
        self.page.locator("[data-test=map-choose]").select_option(code)
        self.page.locator("[data-test=map-up]").wait_for()

    def up(self) -> None:
        self.page.locator("[data-test=map-up]").click()

    def switch_language(self) -> None:
        self.page.locator("[data-test=language]").click()


class Case:
    """The open case."""

    def __init__(self, page: Page) -> None:
        self._case = page.locator("[data-test=case]")

    def why(self) -> str:
        return self._case.locator("[data-test=why]").inner_text()

    def facts(self) -> list[str]:
        """The statements that the alert rests on, as they are shown."""
        return self._case.locator("[data-test=because] li").all_inner_texts()

    def people(self) -> list[str]:
        return self._case.locator("[data-test=people] li strong").all_inner_texts()

    def unmask(self, purpose: str = "handle_case") -> list[str]:
        """Chooses a purpose and returns the people's names as they then are."""
        self._case.locator("[data-test=purpose]").select_option(purpose)
        self._case.locator("[data-test=people] li:not(.masked)").first.wait_for()
        return self.people()

    def task_state(self) -> str:
        return self._case.locator("[data-test=task-state]").get_attribute("data-state") or ""

    def wait_for_task_state(self, state: str) -> None:
        """Waits until the stream has brought the case to that state of its task."""
        self._case.locator(f"[data-test=task-state][data-state={state}]").wait_for()

    def instruct(self, note: str) -> None:
        self._case.locator("[data-test=move-instruct]").click()
        self._case.locator("[data-test=move-text]").fill(note)
        self._case.locator("[data-test=move-send]").click()
        self._case.locator("[data-test=timeline]", has_text=note).wait_for()

    def move(self, move: str, text: str | None = None, **choices: str) -> None:
        """Makes a move by its button and, if it asks for words, its form; returns once the case shows what came of it.

        `choices`: what is chosen or typed in the form beside its text, by the field's name.
        """
        before = self._case.locator("[data-test=timeline] li").count()
        self._case.locator(f"[data-test=move-{move}]").click()
        form = self._case.locator(f"[data-test=form-{move}]")
        for name, value in choices.items():
            field = form.locator(f"[data-test=move-{name}]")
            if field.evaluate("one => one.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        if text:
            form.locator("[data-test=move-text]").fill(text)
        form.locator("[data-test=move-send]").click()
        self._case.locator(f"[data-test=timeline] li:nth-child({before + 1})").wait_for()

    def locate(self, part: str) -> Locator:
        """A part of the case by its mark."""
        return self._case.locator(f"[data-test={part}]")

    def close(self) -> None:
        self._case.locator("[data-test=case-close]").click()
