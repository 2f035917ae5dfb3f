"""How a rule's test tells a story: `History` is a city in memory, with what departments state and the clock; `Door` is
one flat of it, with who lives behind its door and who passed it.

`city.say(view, subject, kind, record, day, **change)` states anything of any contract, the fields of the kind by their
names (optional ones may be left out; a slip in a name is refused); the methods below it say what is said often.
`at(day)` lets the clock tell that day's noon and gives what is open then, as (rule, cause); `city.said` are all alerts
so far. What a resident's row tells a dwelling or household comes by itself where the resident's statements are said;
`Door.lives_here` tells it without them.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from domain.contributions import ConditionHeld, Occupancy
from domain.event import Event, Source
from domain.time import hours, midnight
from tests.golden.in_memory import ALL_VIEWS, City
from wire.contracts import contracts

Change = dict[str, Any]
CONTRACTS = tuple(contracts().values())
SUBJECTS = {view.name: view.subject for view in ALL_VIEWS.values()}


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def noon(text: str) -> int:
    """Noon in the city, UTC+8."""
    return int(datetime.fromisoformat(f"{text}T04:00:00").replace(tzinfo=UTC).timestamp()) * 1_000_000


def _as_the_contract_has_it(view: str, kind: str, change: Change) -> Change:
    """`change` with every field of `kind`. A name that no contract knows would be stored where no rule looks."""
    about = [contract for contract in CONTRACTS if contract.subject == SUBJECTS[view]]
    kinds = {name: form for contract in about for name, form in contract.kinds.items()}
    assert kind in kinds, f"no contract about a {view} states {kind!r}; they state {', '.join(sorted(kinds))}"
    fields = kinds[kind].by_name
    unknown = change.keys() - fields.keys()
    assert not unknown, f"{kind} has no {', '.join(sorted(unknown))}; its fields are {', '.join(fields)}"
    lacking = [name for name, field in fields.items() if name not in change and not field.optional]
    assert not lacking, f"{kind} lacks {', '.join(lacking)}; only optional fields may be left out"
    return dict.fromkeys(fields) | change


class History(City):
    """What happened so far; `at` lets the clock tell a day's noon and gives what stands then."""

    count = 0

    def say(
        self, view: str, subject: str, kind: str, record: str, when: str, /, *, taken_back: bool = False, **change: Any
    ) -> None:
        change = _as_the_contract_has_it(view, kind, change)
        self.count += 1
        event_id, at = f"event {self.count}", noon(when)
        said = Event(event_id, "office", "topic", subject, record, at, at + self.count, taken_back, kind, change)
        self.batch([said], SUBJECTS[view])
        self.receive(10)

    def at(self, text: str) -> list[tuple[str, str]]:
        self.finish(noon(text))
        return sorted((alert.rule, alert.cause) for alert in self.alerts.values() if alert.state != "resolved")

    # what a department states, in a few words

    def moved_in(self, who: str, household: str = "home", collective: bool = False, on: str = "2025-01-01") -> None:
        home: Change = {
            "household": household,
            "dwelling": "flat",
            "address": "1",
            "relation": "head",
            "collective": collective,
        }
        self.say("resident", who, "MovedIn", f"hj-{who}", on, name=who, sex="female", born=0, **home)

    def granted(self, who: str, programme: str, start: str, until: str | None = None) -> None:
        terms: Change = {"effective_from": day(start), "until": None if until is None else day(until)}
        rest: Change = {"household": None, "monthly_fen": None, "dwelling": None, "phone": None}
        self.say("resident", who, "Granted", f"case-{who}", "2025-01-02", programme=programme, **terms, **rest)

    def registered(self, who: str, plate: str, kind: str, on: str) -> None:
        self.say("resident", who, "Registered", plate, on, vehicle_kind=kind, owner=who)

    def entered(self, floor_area_m2: float) -> None:
        place: Change = {
            "grid": "440113001001001",
            "address": "1",
            "use": "rental",
            "district": "440113",
            "lon": None,
            "lat": None,
        }
        self.say(
            "dwelling", "flat", "DwellingRegistered", "entry-1", "2025-01-01", floor_area_m2=floor_area_m2, **place
        )

    def let(self, lease: str, start: str, tenants: Iterable[str] = ("li",), until: str | None = None) -> None:
        terms: Change = {"start": day(start), "until": None if until is None else day(until)}
        self.say("dwelling", "flat", "Let", lease, start, landlord="lu", tenants=[*tenants], rooms=None, **terms)

    def visited(self, on: str, outcome: str = "done") -> None:
        self.say(
            "dwelling", "flat", "Visited", f"task-{on}", on, task=f"task-{on}", outcome=outcome, note=None, checks={}
        )


class Door(History):
    """One flat. `at` gives what stands at a day's noon, `then` at an hour of it."""

    def then(self, text: str, hour: float) -> list[tuple[str, str]]:
        self.finish(midnight(day(text)) + hours(hour))
        return sorted((alert.rule, alert.cause) for alert in self.alerts.values() if alert.state != "resolved")

    def lives_here(self, who: str, born: str = "1990-01-01", since: str = "2025-01-01", **more: Any) -> None:
        """As the resident's own row says."""
        here = Occupancy("home", day(born), None, source("MovedIn", f"hj-{who}", since))
        self.waiting.append(("dwelling", "flat", who, here._replace(**more)))
        self.receive(1)

    def moved_away(self, who: str) -> None:
        self.waiting.append(("dwelling", "flat", who, None))
        self.receive(1)

    def passed(self, record: str, on: str, who: str | None = None, card: str | None = None, **how: Any) -> None:
        self.say("dwelling", "flat", "SwipedIn", record, on, resident=who, card=card, device="door-1", **how)


def source(kind: str, record: str, on: str) -> Source:
    return Source("office", kind, record, f"event of {record}", noon(on))


def ill(condition: str, since: str, until: str | None = None, record: str = "case-1") -> ConditionHeld:
    return ConditionHeld(condition, None, day(since), None if until is None else day(until), source("x", record, since))
