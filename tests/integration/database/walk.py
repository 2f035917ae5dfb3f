"""Random walks over the case's life: eight who act at the same time on a few cases, on a real PostgreSQL.

Two workers of one grid, one of the grid beside it, one whose tablet has no network for most of the day (and that
sends again, over a second connection, what it does not know to have arrived), a street's desk, a district's desk, the
sink and the clock. A seed says what each of them tries; which comes first is the threads' and PostgreSQL's affair, so a
seed that went wrong may have to be repeated. `walk_history.py` says what was wrong; `walks.py` is the command.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from api.database import OPTIONS
from database import queries
from runtime.settings import Settings
from sinks.targets import grid_tasks
from tests.integration.database import moves
from tests.integration.database.moves import Kept, Said, Visit
from tests.integration.database.world import GRID_A, GRID_B, World

STREET, DISTRICT = GRID_A[:9], GRID_A[:6]
STEPS = 40
HOMES = {"d1": GRID_A, "d2": GRID_A, "d3": GRID_B}
SETTINGS = Settings(_env_file=None)
REFUSED = ("CG403", "CG404", "CG409", "CG422")

IN_THE_STREET = [
    *("claim", "acknowledge", "acknowledge", "acknowledge", "release", "ask_suspension", "ask_extension", "hand_over"),
    *("resume", "verify", "suspend", "instruct", "close"),  # these are never a worker's
]
AT_THE_DESK = [
    *("hand_over", "suspend", "resume", "resume", "extend", "decline", "send_back", "send_back", "verify", "rate"),
    *("instruct", "acknowledge", "claim", "complete", "release", "reroute"),
]


class Person:
    """Somebody with a session and a connection of their own."""

    def __init__(self, walk: Walk, name: str, token: str) -> None:
        self.walk, self.token = walk, token
        self.dice = random.Random(f"{walk.seed} {name}")
        self.said: list[Said] = []
        self.silences: list[UUID] = []
        self.released = 0  # by the end of a shift, which names no request
        self.connection = psycopg.connect(walk.world.database.api, autocommit=True, options=OPTIONS)
        with self.entered() as me:
            self.account: UUID = me

    @contextlib.contextmanager
    def entered(self) -> Iterator[UUID]:
        """A transaction of this session, as `api.database.entered` makes one."""
        with self.connection.transaction():
            row = self.connection.execute("SELECT account FROM city.enter(%s)", (self.token,)).fetchone()
            assert row is not None
            yield row[0]

    def act(self, task: UUID, move: str) -> None:
        """Try a move; sometimes the answer is lost, and it is sent again."""
        request = UUID(int=self.dice.getrandbits(128))
        detail = {
            "queue": self.dice.choice([GRID_A, GRID_A, GRID_B, DISTRICT, "440113999999999"]),
            "amount": self.dice.randrange(1, 5),
            "rating": "good",
            "outcome": "done",
            "note": str(request),  # a desk completes what it took itself, and that is stated too
        }
        for _ in range(1 + (self.dice.random() < 0.15)):
            try:
                with self.entered():
                    moves.act(self.connection, task, move, f"because {request}", detail, request)
            except moves.MoveRefused:
                self.said.append(Said(self.account, task, move, request, accepted=False))
                return
            self.said.append(Said(self.account, task, move, request, accepted=True))

    def send(self, visit: Visit) -> None:
        """Tell what was seen."""
        seen = {"outcome": visit.outcome, "note": str(visit.request), "checks": {"lives_here": "yes"}}
        with self.refusable() as answered, self.entered():
            row = self.connection.execute(
                "SELECT * FROM city.visit(%s, %s, %s, %s)", (visit.task, Jsonb(seen), visit.stated, visit.request)
            ).fetchone()
            answered.append(row)
        kept = Kept(*answered[0]) if answered else None
        said = Said(self.account, visit.task, "visit", visit.request, kept is not None, visit, kept)
        self.said.append(said)

    @contextlib.contextmanager
    def refusable(self) -> Iterator[list[Any]]:
        """The answers of what is tried inside, none if it was refused. Raises what is no refusal: a deadlock, too."""
        answered: list[Any] = []
        try:
            yield answered
        except psycopg.Error as refused:
            if refused.sqlstate not in REFUSED:
                raise
            answered.clear()

    def see(self, task: dict[str, Any]) -> Visit:
        """At the door, some hours ago: also before there was this task, or by a clock that is fast, or by none."""
        now, dice = datetime.now(UTC), self.dice
        stated = {
            "earlier": task["dispatched_at"] + timedelta(seconds=dice.randrange(1, 10 * 3600)),
            "too early": task["dispatched_at"] - timedelta(seconds=dice.randrange(1, 3600)),
            "too late": now + timedelta(seconds=dice.randrange(60, 3600)),
            "": None,
        }[dice.choices(["earlier", "too early", "too late", ""], [12, 1, 1, 2])[0]]
        outcome = dice.choices(["done", "nobody_home", "refused"], [5, 2, 1])[0]
        return Visit(task["id"], outcome, stated, UUID(int=dice.getrandbits(128)))

    def call(self, statement: str, *parameters: Any) -> Any:
        """What a function answers, or None if it is refused."""
        with self.refusable() as answered, self.entered():
            answered.extend(self.connection.execute(statement, parameters).fetchone() or ())
        return answered[0] if answered else None

    # -- what somebody does in one step

    def works(self) -> None:
        """A worker with a network."""
        chance = self.dice.random()
        if chance < 0.6:
            self.act(self.walk.a_task(self.dice)["id"], self.dice.choice(IN_THE_STREET))
        elif chance < 0.9:
            self.send(self.see(self.walk.a_task_of(self.account, self.dice)))
        elif chance < 0.96:
            self.call("SELECT city.beat()")
        else:
            self.released += self.call("SELECT city.end_shift('to whom it concerns')")

    def works_offline(self) -> None:
        """Takes tasks while there is a network, and sends later, in order, what was seen; some of it twice."""
        tablet = self.walk.tablet
        if self.dice.random() < 0.6:
            move = self.dice.choice(["acknowledge", "acknowledge", "acknowledge", "claim", "release"])
            self.act(self.walk.a_task(self.dice)["id"], move)
        else:
            tablet.seen.append(self.see(self.walk.a_task_of(self.account, self.dice)))
        if self.dice.random() < 0.15:
            self.sends_what_waits()

    def sends_what_waits(self) -> None:
        """The network is there again."""
        tablet = self.walk.tablet
        while tablet.seen:
            visit = tablet.seen.pop(0)
            tablet.sending.append(visit)
            tablet.sends.set()
            for _ in range(1 + (self.dice.random() < 0.3)):
                self.send(visit)

    def sends_again(self) -> None:
        """The same tablet over a second connection: it sends what is just being sent, and what was sent long ago."""
        tablet = self.walk.tablet
        if not tablet.sends.wait(5):
            return  # it saw nothing
        tablet.sends.clear()
        self.send(tablet.sending[-1])
        self.send(self.dice.choice(tablet.sending))
        tablet.sends.set()

    def directs(self) -> None:
        """A desk: hands over, suspends, reviews, instructs and silences."""
        chance = self.dice.random()
        if self.silences and chance < 0.5:
            self.call("SELECT city.end_silence(%s)", self.silences.pop())
        elif chance < 0.05:
            until, area = datetime.now(UTC) + timedelta(hours=1), self.dice.choice([GRID_A, GRID_B, STREET])
            made = self.call("SELECT city.make_silence('newly-let', %s, 'they were told', %s)", area, until)
            self.silences += [made] if made else []
        elif chance < 0.15:
            self.send(self.see(self.walk.a_task_of(self.account, self.dice)))
        else:
            self.act(self.walk.a_task(self.dice)["id"], self.dice.choice(AT_THE_DESK))


class Tablet:
    """What the offline tablet has: what it saw, and what it sends or has sent."""

    def __init__(self) -> None:
        self.seen: list[Visit] = []
        self.sending: list[Visit] = []
        self.sends = threading.Event()


class Walk:
    """Six cases and those who act on them."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.seed, self.tablet = world, seed, Tablet()
        for dwelling, grid in HOMES.items():
            world.place(dwelling, grid)
        self.findings: dict[UUID, tuple[str, dict[str, Any]]] = {}
        for number in range(6):
            dwelling = f"d{1 + number % 3}"
            other: dict[str, Any] = {"cause": str(number), "severity": ("today", "urgent")[number % 2]}
            self.findings[world.alert(dwelling, **other)] = dwelling, other
        with world.looking() as admin:
            admin.execute("UPDATE city.task SET dispatched_at = dispatched_at - interval '10 hours'")
        workers = [world.account("grid_worker", grid) for grid in (GRID_A, GRID_A, GRID_B)]
        offline = world.account("grid_worker", GRID_A)
        self.people = [Person(self, f"worker {number}", token) for number, token in enumerate(workers)]
        self.people += [Person(self, name, offline) for name in ("offline", "again")]
        for area in (STREET, DISTRICT):
            self.people.append(Person(self, area, world.account("command_centre", area)))
        with world.looking() as admin:
            admin.execute(
                "INSERT INTO city.shift (grid, begins, ends, worker)"
                " VALUES (%s, now() - interval '1 hour', now() + interval '8 hours', %s)",
                (GRID_A, self.people[0].account),
            )

    def a_task(self, dice: random.Random) -> dict[str, Any]:
        """Of some case, mostly the newest."""
        tasks = self.world.tasks(dice.choice(list(self.findings)))
        return tasks[-1] if dice.random() < 0.8 else dice.choice(tasks)

    def a_task_of(self, account: UUID, dice: random.Random) -> dict[str, Any]:
        """Mostly one that this account is at: who goes to a door has mostly said so before."""
        for _ in range(6):
            if (task := self.a_task(dice))["claimed_by"] == account and task["state"] == "acknowledged":
                return task
        return task

    def sinks(self) -> None:
        """What the sink reads: cases end and begin again, and dwellings move to the grid beside."""
        dice = random.Random(f"{self.seed} sink")
        for _ in range(STEPS):
            chance = dice.random()
            with self.world.sinks() as connection:
                if chance < 0.5:
                    some = dice.sample(list(self.findings.items()), dice.randrange(1, 4))
                    state = dice.choices(["changed", "resolved", "opened"], [4, 1, 3])[0]
                    alerts = [self.world.record_of_alert(at, state, key, **other) for key, (at, other) in some]
                    queries.record_alerts(connection, alerts)
                elif chance < 0.6:
                    homes = dice.sample(list(HOMES), 2)
                    queries.place(connection, [self.world.placement(d, dice.choice([GRID_A, GRID_B])) for d in homes])

    def clock(self) -> None:
        """Claims run out, silences end, those are told whose turn it is."""
        dice = random.Random(f"{self.seed} clock")
        with psycopg.connect(self.world.database.sinks, autocommit=True) as connection:
            for _ in range(STEPS):
                with self.world.looking() as admin:
                    admin.execute(
                        "UPDATE city.task SET lease_until = now() - interval '1 second'"
                        " WHERE lease_until IS NOT NULL AND id = %s",
                        (self.a_task(dice)["id"],),
                    )
                for due in (grid_tasks.turn, grid_tasks.tell):
                    with connection.transaction():
                        due(SETTINGS, connection)

    def run(self) -> None:
        """All at the same time. Raises what is no refusal: a deadlock, a lock that was waited for too long."""
        first, second, beside, offline, again, street, district = self.people
        does = [first.works, second.works, beside.works, offline.works_offline, again.sends_again]
        does += [street.directs, district.directs]

        def steps(one: Any) -> None:
            for _ in range(STEPS):
                one()

        with ThreadPoolExecutor(len(does) + 2) as pool:
            running = [pool.submit(steps, one) for one in does] + [pool.submit(self.sinks), pool.submit(self.clock)]
            wait(running)
            running.append(pool.submit(offline.sends_what_waits))
            errors = [error for one in running if (error := one.exception())]
        for person in self.people:
            person.connection.close()
        if errors:
            raise ExceptionGroup(f"seed {self.seed}", [error for error in errors if isinstance(error, Exception)])
