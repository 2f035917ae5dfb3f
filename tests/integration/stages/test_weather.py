"""Rain from the weather service to the workers' queues and back, on a real Kafka and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg

from producers.publish import Statement
from sinks.worker import sinks
from tests.e2e.running import sink_lag, until
from tests.integration.stages.conftest import DAY, MORNING, POLICE, Stages, moved_in

GRIDS = ("440113001001001", "440113001001002", "440106001001001")
DISTRICT = "440113"
HOUR = DAY // 24
VIEWS = ("resident", "dwelling", "grid", "district")


def registered(home: str, grid: str) -> Statement:
    entry: dict[str, Any] = {"grid": grid, "address": f"示例街{home}", "floor_area_m2": 60.0, "use": "residential"}
    place = {"district": grid[:6], "lon": 113.36, "lat": 22.94}
    return Statement("DwellingRegistered", f"FW-{home}", home, MORNING, MORNING, entry | place)


def graded(home: str, grade: str, when: int = MORNING) -> Statement:
    return Statement("Graded", f"JD-{home}", home, when, when, {"grade": grade, "on": when // DAY})


def reinforced(home: str) -> Statement:
    done = {"on": MORNING // DAY, "lasts_until": None}
    return Statement("Reinforced", f"JG-{home}", home, MORNING, MORNING, done)


def rain(number: str, when: int, district: str = DISTRICT) -> Statement:
    change = {"hazard": "rain", "level": "orange", "rainfall_mm": 63.0, "until": None}
    return Statement("WarningIssued", number, district, when, when, change)


def lifted(number: str, when: int) -> Statement:
    return Statement("WarningLifted", number, DISTRICT, when, when, {})


def tasks(stages: Stages) -> list[tuple[str | None, ...]]:
    """(rule, cause, queue, state, why it was closed) of each task, by rule and cause."""
    with psycopg.connect(stages.settings.dsn("sinks")) as connection:
        return connection.execute(
            "SELECT a.rule, a.cause, t.queue, t.state, t.closed_en "
            "FROM city.task t JOIN city.alert a USING (finding_id) ORDER BY 1, 2, t.dispatched_at"
        ).fetchall()


def settle(stages: Stages) -> None:
    """Everybody has read everything, the sinks too."""
    stages.settle(*VIEWS)
    dsn, prefix = stages.settings.dsn("sinks"), stages.settings.topic_prefix

    def lacking() -> str | None:
        lags = {name: sink_lag(dsn, name, sink.topics(), stages.topics.ends, prefix) for name, sink in sinks().items()}
        return f"sinks lag: {lags}" if any(lags.values()) else None

    until(lacking, 120)


def say(stages: Stages, statements: Iterable[tuple[str, Statement]]) -> None:
    for topic, statement in statements:
        stages.say(topic, [statement])


def test_rain_falls_each_door_at_risk_is_one_task_and_all_are_closed_when_it_is_lifted(stages: Stages) -> None:
    stages.start(*VIEWS)
    for sink in sinks():
        stages.ours.start("sink", sink)
    homes = {"dangerous": GRIDS[0], "both": GRIDS[0], "sound": GRIDS[0], "elder": GRIDS[1], "old": GRIDS[1]}
    homes["elsewhere"] = GRIDS[2]
    stages.say("housing.dwelling-register", [registered(home, grid) for home, grid in homes.items()])
    grades = {"dangerous": "D", "both": "C", "sound": "A", "elsewhere": "D"}
    stages.say("housing.dwelling-safety", [graded(home, grade) for home, grade in grades.items()])
    stages.say("housing.dwelling-safety", [reinforced("old")])
    elders = [("elder", 1), ("both", 2)]
    born = MORNING // DAY - 70 * 366
    stages.say(POLICE, [moved_in(stages.person(n), f"H-{n}", dwelling=home, born=born) for home, n in elders])
    hazard = {"facility": "BJ-1", "hazard": "井盖缺失", "urgent": True}
    report = Statement("HazardReported", "AJ-1", GRIDS[1], MORNING, MORNING, hazard)
    stages.say("urban-management.facility", [report])
    stages.tick(MORNING + HOUR)
    settle(stages)
    danger = ("facility-danger", "AJ-1", GRIDS[1], "dispatched", None)
    calm = [task for task in tasks(stages) if task[0] != "elder-alone"]
    assert calm == [danger], "a whole grid's task lies in that grid's queue"

    night = MORNING + 2 * HOUR
    say(stages, [("weather.warning", rain("YJ-1", night)), ("weather.warning", rain("YJ-2", night + HOUR))])
    stages.tick(night + 2 * HOUR)
    settle(stages)
    doors = [("both", GRIDS[0]), ("dangerous", GRIDS[0]), ("elder", GRIDS[1]), ("old", GRIDS[1])]
    warned = [("warned-door", home, grid, "dispatched", None) for home, grid in doors]
    assert [task for task in tasks(stages) if task[0] == "warned-door"] == warned, (
        "one task a door, in its grid's queue"
    )
    (both,) = [alert for alert in stages.alerts() if alert["cause"] == "both"][-1:]
    assert (both["dwelling"], both["subject"], both["view"]) == ("both", GRIDS[0], "grid")
    assert {fact["record"] for fact in both["because"]} >= {"YJ-1", "YJ-2", "JD-both"}

    stages.say("weather.warning", [lifted("YJ-1", night + 3 * HOUR)])
    stages.tick(night + 4 * HOUR)
    settle(stages)
    assert [task for task in tasks(stages) if task[0] == "warned-door"] == warned, "the other still holds"
    stages.say("weather.warning", [lifted("YJ-2", night + 5 * HOUR)])
    stages.tick(night + 6 * HOUR)
    settle(stages)
    over = "the warning is over, or nothing here is at risk any more (Weather: warning lifted, 2024-10-04)"
    assert [task for task in tasks(stages) if task[0] == "warned-door"] == [
        (*task[:3], "closed", over) for task in warned
    ]
    resolved = [alert for alert in stages.alerts() if alert["cause"] == "both"][-1]
    assert [fact["kind"] for fact in resolved["resolved_by"]] == ["WarningLifted"]
    assert danger in tasks(stages)
    with psycopg.connect(stages.settings.dsn("sinks")) as connection:
        rows = connection.execute("SELECT id, row -> 'grids' FROM city.district ORDER BY id").fetchall()
    assert rows == [("440106", [GRIDS[2]]), (DISTRICT, [*GRIDS[:2]])]
    assert stages.letters() == []
