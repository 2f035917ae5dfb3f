"""A whole city on a stack of its own, of which any part may stop, be restored or be told a wrong time, and the people
who look at it meanwhile."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from database.accounts import Account, create
from database.migrate import migrate
from local.backup import local
from local.stack import children, downloads
from local.stack.children import Child
from local.stack.local import LocalStack, PartName, Ports, stop
from producers.publish import Publisher, Statement
from runtime.settings import Settings, load
from tests.conftest import PARTITIONS
from tests.e2e.pages.browser import Watched
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.running import until
from tests.e2e.whole_city import PASSWORD, City, whole_city
from tests.golden.city import identity_number

GRID, ELSEWHERE = "440113001001001", "440113001001002"
"""The worker's grid, and one beside it."""
DAY_US = 86_400_000_000
PATIENCE_MS = 60_000
"""A browser has little of the machine while a whole city starts beside it."""
SERVER_AWAY = ("status of 503", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_REFUSED", "status of 401")
"""What Chromium writes on the console of a page whose server is away, or whose session has ended."""
LEASE = "SELECT finding_id::text FROM city.alert WHERE rule = 'newly-let' AND cause = %s AND state = ANY(%s)"
TASK_OF = "SELECT id::text FROM city.task WHERE finding_id = %s AND state = 'dispatched'"
OPEN_ALERTS = "SELECT count(*) FROM city.alert WHERE state = 'opened' AND NOT deleted"


@dataclass
class MortalCity:
    """`city` and the stack that it stands on. `parts`: Kafka, registry and PostgreSQL as they run now."""

    city: City
    stack: LocalStack
    parts: dict[PartName, Child]

    # --- what is stated

    def register(self, *dwellings: str, grid: str = GRID) -> None:
        """Enter dwellings in their register; returns once PostgreSQL knows where they lie."""
        now = time.time_ns() // 1_000
        with Publisher(self.city.settings) as publisher:
            for number, dwelling in enumerate(dwellings):
                entry = {
                    "grid": grid, "address": f"先锋街{number + 1}号 {dwelling}", "floor_area_m2": 61.5, "use": "rental",
                    "district": grid[:6], "lon": 113.3655, "lat": 22.9455,
                }  # fmt: skip
                statement = Statement("DwellingRegistered", f"FW-{dwelling}", dwelling, now, now, entry)
                publisher.publish("housing.dwelling-register", statement)
        placed = "SELECT count(*) FROM city.placement WHERE dwelling = ANY(%s) AND grid IS NOT NULL"
        self.city.wait_for("place", f"SELECT 1 WHERE ({placed}) = %s", list(dwellings), len(dwellings))

    def let(self, *dwellings: str, starts: int = -1, ends: int | None = None, every: float = 0.0) -> None:
        """State that dwellings were let, by leases of their own names, from and until so many days from today; `every`:
        seconds between two of them."""
        with Publisher(self.city.settings) as publisher:
            for number, dwelling in enumerate(dwellings):
                now = time.time_ns() // 1_000
                today = now // DAY_US
                change = {
                    "landlord": identity_number("440113", 7_000, 1), "start": today + starts,
                    "tenants": [identity_number("440113", 8_000, 2 + number % 900)],
                    "until": None if ends is None else today + ends,
                }  # fmt: skip
                publisher.publish("housing.tenancy", Statement("Let", dwelling, dwelling, now, now, change))
                publisher.poll()
                time.sleep(every)

    def finding(self, lease: str, *states: str, seconds: float = 60) -> str:
        """The alert of the lease, once it is in one of these states (opened)."""
        rows = self.city.wait_for(f"alert of {lease}", LEASE, lease, list(states or ("opened",)), seconds=seconds)
        return str(rows[0][0])

    def task(self, finding: str) -> str:
        return str(self.city.wait_for("task", TASK_OF, finding)[0][0])

    def states(self) -> dict[str, str]:
        """Of every alert."""
        return dict(self.city.select("SELECT finding_id::text, state FROM city.alert ORDER BY 1"))

    # --- what goes wrong

    def clock_with(self, ahead: Path, **settings: str) -> None:
        """Start the clock anew on a machine that is so many seconds ahead as `ahead` says, under these settings too."""
        running = self.city.ours.running
        running["clock"].stop()
        program = replace(
            running["clock"].program,
            command=(sys.executable, "-m", "tests.e2e.jumping_clock", str(ahead)),
            environment={
                **running["clock"].program.environment,
                "CITYGRID_CLOCK_JUMP_SECONDS": "300",
                **{f"CITYGRID_{name.upper()}": value for name, value in settings.items()},
            },
        )
        running["clock"] = children.start(program)

    def log(self, process: str) -> str:
        return self.city.ours.running[process].program.log.read_text("utf-8")

    @contextmanager
    def postgres_away(self) -> Iterator[None]:
        """PostgreSQL stops in order, as for an update, and is started again after the block."""
        self.parts["postgres"].stop()
        try:
            yield
        finally:
            self.parts["postgres"] = children.start(self.parts["postgres"].program)
            until(lambda: None if self.stack.is_ready("postgres") else "PostgreSQL does not answer again", 60)

    def died(self) -> list[str]:
        """Which processes have ended by themselves."""
        return [name for name, child in self.city.ours.running.items() if not child.alive]

    def back_up(self, folder: Path) -> None:
        local.back_up(self.city.settings, folder, _silent)

    def lose_everything_and_restore(self, folder: Path) -> None:
        """The state folder is lost; all is restored from the backup and started again, as `citygrid restore` and
        `citygrid up` do, on the same ports."""
        programs = [child.program for child in self.city.ours.running.values()]
        self.city.ours.close()
        stop(self.parts)
        self.parts = {}
        shutil.rmtree(self.stack.folder)
        ports = self.stack.ports
        blank = Settings(
            _env_file=None,
            state_dir=self.stack.folder,
            partitions=self.city.settings.partitions,
            local_kafka_port=ports.kafka,
            local_controller_port=ports.controller,
            local_registry_port=ports.registry,
            local_registry_management_port=ports.registry_management,
            local_postgres_port=ports.postgres,
            backup_key_file=self.city.settings.backup_key_file,
        )
        local.restore(blank, folder, _silent)
        self.stack = LocalStack(self.stack.folder, ports, self.stack.cache)
        self.parts = self.stack.start()
        self.stack.write_environment()
        for program in programs:
            self.city.ours.running[program.name] = children.start(program)

    # --- who looks

    def signed_in(self, browser: Watched, name: str, size: tuple[int, int]) -> Page:
        """A page of that account, of its own device."""
        page = browser.of_another_person(size)
        page.set_default_timeout(PATIENCE_MS)
        SignIn(page, self.city.url).as_account(name, PASSWORD)
        return page

    def shows_what_is_open(self, page: Page) -> str | None:
        """What is lacking until the head number on the centre's page is the database's."""
        there = str(self.city.select(OPEN_ALERTS)[0][0])
        shown = page.locator("[data-test=number-open] b").inner_text()
        return None if shown == there else f"{there} alerts are open, the page shows {shown}"


def forgive_a_server_away(browser: Watched) -> None:
    """What the console said of requests that nobody answered, or that had no session any more."""
    browser.faults[:] = [fault for fault in browser.faults if not any(said in fault for said in SERVER_AWAY)]


@contextmanager
def mortal_city(folder: Path) -> Iterator[MortalCity]:
    """Accounts `worker` (of GRID), `district` (command centre) and `ops`, one password."""
    stack = LocalStack(folder / "state", Ports.free(), downloads.folder(Settings().downloads_dir))
    parts = stack.start()
    mortal: MortalCity | None = None
    try:
        more: Mapping[str, str] = {
            "CITYGRID_BACKUP_KEY_FILE": str(folder / "backup.key"),
            "CITYGRID_PARTITIONS": str(PARTITIONS),
        }
        settings = load(stack.write_environment(dict(more)))
        migrate(settings.dsn("owner"))
        for account in (
            Account("worker", "grid_worker", GRID),
            Account("district", "command_centre", GRID[:6]),
            Account("ops", "ops"),
        ):
            create(settings.dsn("owner"), account, PASSWORD)
        with whole_city(settings, folder) as city:
            for code, name, lon in ((GRID, "01网格", 113.36), (ELSEWHERE, "02网格", 113.37)):
                city.draw(code, name, name, lon)
            mortal = MortalCity(city, stack, parts)
            yield mortal
    finally:
        stop(mortal.parts if mortal else parts)


def _silent(_title: str, _total: int) -> Callable[[int], Any]:
    return lambda _: None
