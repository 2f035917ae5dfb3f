"""What must be true in the tables after a walk (`walk.py`), told from what each of those who walked was answered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg

from tests.integration.database.moves import Said, Visit

Row = dict[str, Any]
SEEN = ("complete", "observe")
ASKING = {"ask_suspension": "suspension", "ask_extension": "extension"}
LEAVE_WHAT_IS_ASKED = ("claim", "acknowledge", "instruct", "reroute", "observe")
TOLERANCE = timedelta(minutes=5)
"""By which a tablet's clock may differ without a word (city.time_of_visit)."""


class History:
    """The tables of one city after a walk."""

    def __init__(self, admin: psycopg.Connection[Row]) -> None:
        """`admin`: a superuser's connection."""
        self.tasks: dict[UUID, Row] = {row["id"]: row for row in admin.execute("SELECT * FROM city.task").fetchall()}
        self.events: dict[UUID, list[Row]] = {task: [] for task in self.tasks}
        for event in admin.execute("SELECT * FROM city.task_event ORDER BY task, number").fetchall():
            self.events[event["task"]].append(event)
        observations = admin.execute("SELECT * FROM city.observation").fetchall()
        self.observations: dict[tuple[UUID, int], Row] = {(row["task"], row["number"]): row for row in observations}
        self.statements = [
            row["statement"]
            for row in admin.execute(
                "SELECT statement FROM city.outbox WHERE topic LIKE 'grid.%' ORDER BY id"
            ).fetchall()
        ]
        self.alerts = {row["finding_id"]: row["state"] for row in admin.execute("SELECT * FROM city.alert").fetchall()}
        legal = admin.execute("SELECT move, from_state, to_state FROM city.legal_move").fetchall()
        self.legal = {(row["move"], row["from_state"]): row["to_state"] for row in legal}

    def faults(self, said: Sequence[Said], released: int) -> list[str]:
        """What is not as it was answered, a line each. `released`: how many tasks ends of shifts gave back."""
        return [
            *(fault for task in self.tasks.values() for fault in self._of_task(task)),
            *self._of_answers(said, released),
            *self._of_statements(),
        ]

    def _of_task(self, task: Row) -> Iterator[str]:
        """One owner at most at every step, states without a gap, and the task as its history says."""
        events, its = self.events[task["id"]], f"task {task['id']}"
        if [event["number"] for event in events] != list(range(1, len(events) + 1)):
            yield f"{its}: numbers {[event['number'] for event in events]}"
            return
        if events[0]["move"] != "dispatch" or events[0]["to_state"] != "dispatched":
            yield f"{its} does not begin with its dispatch"
        for before, event in pairwise(events):
            if before["to_state"] != event["from_state"]:
                yield f"{its}, {event['number']}: from {event['from_state']} after {before['to_state']}"
        now: Row = dict.fromkeys(
            ("claimed_by", "asked", "suspended_from", "outcome", "seen_at", "note", "rating", "missing"), None
        )
        now |= {"lapsed_from": None, "acknowledged_at": None, "finished_at": None, "verified_at": None, "revision": 0}
        now |= {"state": "dispatched", "queue": events[0]["queue"]}
        for event in events[1:]:
            if wrong := self._step(now, event):
                yield f"{its}, {event['number']} {event['move']}: {wrong}"
        now.pop("note")
        if different := {name: (task[name], told) for name, told in now.items() if task[name] != told}:
            yield f"{its} is not as its history says (is, told): {different}"
        if task["state"] in ("dispatched", "acknowledged", "suspended") and self.alerts[task["finding_id"]] != "opened":
            yield f"{its} is open and its finding is not"

    def _step(self, now: Row, event: Row) -> str | None:
        """Brings `now` to what it is after this line of the history; what is wrong with the line."""
        move, actor, owner = event["move"], event["actor"], now["claimed_by"]
        if move == "observe":
            if (event["task"], event["number"]) not in self.observations or event["to_state"] != now["state"]:
                return "its observation is not kept, or it moved the task"
            return None
        if (move, now["state"]) not in self.legal:
            return f"not legal while {now['state']}"
        if event["to_state"] != (self.legal[move, now["state"]] or now["suspended_from"]):
            return f"to {event['to_state']}"
        wrong = None
        if move in ("claim", "acknowledge") and owner not in (None, actor):
            wrong = f"by {actor}, while it is {owner}'s"
        if move in ("release", "complete") and owner != actor:
            wrong = f"by {actor}, who does not have it"
        if (move == "lapse" and owner is None) or (move == "reroute" and owner is not None):
            wrong = f"while it is {owner}'s"
        if move in ("verify", "send_back", "rate") and owner == actor:
            wrong = "by whoever did the work"
        self._apply(now, event)
        return wrong

    def _apply(self, now: Row, event: Row) -> None:
        move = event["move"]
        was, owner = now["state"], now["claimed_by"]
        now |= {"state": event["to_state"], "queue": event["queue"], "revision": now["revision"] + 1}
        if move not in LEAVE_WHAT_IS_ASKED:
            now["asked"] = ASKING.get(move)
        match move:
            case "claim":
                now |= {"claimed_by": event["actor"], "lapsed_from": None}
            case "acknowledge":
                now |= {"claimed_by": event["actor"], "lapsed_from": None, "acknowledged_at": event["at"]}
            case "release" | "lapse" | "hand_over":
                now |= {"claimed_by": None, "acknowledged_at": None, "lapsed_from": owner if move == "lapse" else None}
            case "complete":
                now |= {"outcome": event["outcome"], "seen_at": event["happened_at"], "finished_at": event["at"]}
            case "send_back":
                now |= {"outcome": None, "seen_at": None, "finished_at": None, "missing": event["reason"]}
            case "verify":
                now["verified_at"] = event["at"]
            case "rate":
                now["rating"] = event["outcome"]
            case "suspend":
                now["suspended_from"] = was
            case "resume":
                now["suspended_from"] = None
            case "close":
                now |= {"suspended_from": None, "finished_at": event["at"]}

    def _of_answers(self, said: Sequence[Said], released: int) -> Iterator[str]:
        """What was accepted stands in the history once, what was refused does not, and nothing else does."""
        lines: dict[tuple[UUID, UUID], list[Row]] = defaultdict(list)
        for event in (event for events in self.events.values() for event in events if event["request"]):
            lines[event["task"], event["request"]].append(event)
        answers: dict[tuple[UUID, UUID], list[Said]] = defaultdict(list)
        for one in said:
            answers[one.task, one.request].append(one)
        for asked, given in answers.items():
            first, found = given[0], lines.pop(asked, [])
            accepted = any(one.accepted for one in given)
            if len(found) != accepted:
                yield f"{first.move} {asked}: {len(found)} lines, accepted: {[one.accepted for one in given]}"
            elif accepted and (found[0]["actor"] != first.account or found[0]["move"] not in (*SEEN, first.move)):
                yield f"{first.move} {asked}: {found[0]}"
            if found and first.visit:
                yield from self._of_visit(first.visit, {one.kept for one in given if one.kept}, found[0])
        if lines:
            yield f"nobody was told of {list(lines)}"
        yield from self._of_no_request(released)

    def _of_no_request(self, released: int) -> Iterator[str]:
        """Of people's moves only the end of a shift, and a claim that a late visit takes anew, name no request."""
        ends = 0
        for events in self.events.values():
            for event, after in pairwise([*events, None]):
                if event is None or event["actor"] is None or event["request"] is not None:
                    continue
                if event["move"] == "release":
                    ends += 1
                elif event["move"] != "acknowledge" or not after or (after["move"], after["actor"]) != (
                    "complete", event["actor"],
                ):  # fmt: skip
                    yield f"nobody asked for {event}"
        if ends != released:
            yield f"{released} tasks were given back at the ends of shifts, the histories have {ends}"

    def _of_visit(self, visit: Visit, kept: set[Any], event: Row) -> Iterator[str]:
        """What was seen is there, at the time that was stated, and everybody who sent it was told so."""
        task, sent = self.tasks[visit.task], event["at"]
        made, stated = task["dispatched_at"], visit.stated or sent
        bound = "task" if stated < made - TOLERANCE else "now" if stated > sent + TOLERANCE else None
        seen_at = max(made, min(sent, stated))
        kept_as = "completion" if event["move"] == "complete" else "observation"
        if (event["stated_at"], event["happened_at"]) != (visit.stated, seen_at):
            yield f"{visit}: stated {event['stated_at']}, happened {event['happened_at']}"
        told = {(one.kept_as, one.seen_at, one.sent_at, one.bound) for one in kept}
        if told != {(kept_as, seen_at, sent, bound)}:
            yield f"{visit} was answered {kept}, its line is {event}"
        beside = self.observations.get((event["task"], event["number"]))
        if (beside or task)["note"] != str(visit.request) or event["outcome"] != visit.outcome:
            yield f"{visit}: what was seen is not kept: {beside or task}"

    def _of_statements(self) -> Iterator[str]:
        """Each visit and each instruction is stated exactly once, at its own times."""
        expected: Counter[tuple[Any, ...]] = Counter()
        for task, events in self.events.items():
            for event in events:
                alone = "" if event["move"] == "complete" else f"/{event['number']}"
                if event["move"] in SEEN:
                    times = event["happened_at"], event["at"]
                    expected["Visited", f"{task}{alone}", *times, str(event["request"])] += 1
                elif event["move"] == "instruct":
                    times = event["at"], event["at"]
                    expected["Instructed", f"{task}{alone}", *times, event["reason"]] += 1
        got = Counter(_stated(one) for one in self.statements)
        fed_back = {key: got.pop(key) for key in [key for key in got if key[0] == "FedBack"]}
        if got != expected:
            lost, too_many = list((expected - got).elements()), list((got - expected).elements())
            yield f"not stated: {lost}; stated too often: {too_many}"
        # whether there was an instruction yet is between the two transactions; what was fed back was seen, and once
        for key, often in fed_back.items():
            if often != 1 or ("Visited", *key[1:]) not in expected:
                yield f"{key} was fed back {often} times"


def _stated(statement: dict[str, Any]) -> tuple[Any, ...]:
    change = statement["change"]
    return (
        statement["kind"],
        statement["record"],
        datetime.fromisoformat(statement["occurred_at"]),
        datetime.fromisoformat(statement["recorded_at"]),
        change["note"] if "note" in change else change["instruction"],
    )
