"""A department that falls silent, on a real Kafka: unknown while it is, opened when it speaks, across restarts."""

from __future__ import annotations

from producers.publish import Statement
from tests.e2e.running import until
from tests.golden.city import identity_number
from tests.integration.stages.conftest import DAY, MORNING, Stages

TENANCY, REGISTER = "housing.tenancy", "housing.dwelling-register"
LANDLORD = identity_number("440113", 7_000, 100)
RULE = "newly-let"
NEEDS = {RULE: [REGISTER]}
"""As a rule that rests on the silence of a topic does; the register is only one that can speak at will."""


def let(dwelling: str, lease: str, day: int = 20_000) -> Statement:
    change = {"landlord": LANDLORD, "tenants": [], "start": day, "until": None, "rooms": None}
    return Statement("Let", lease, dwelling, MORNING, MORNING, change)


def registered(dwelling: str) -> Statement:
    change = {
        "grid": "440113001001001", "address": "示例路1号", "floor_area_m2": 60.0, "use": "rental",
        "district": "440113", "lon": None, "lat": None,
    }  # fmt: skip
    return Statement("DwellingRegistered", f"DJ-{dwelling}", dwelling, MORNING, MORNING, change)


def alert_states(stages: Stages) -> dict[str, list[tuple[str, bool]]]:
    """The ways that each dwelling's finding went."""
    states: dict[str, list[tuple[str, bool]]] = {}
    for alert in stages.alerts():
        if alert["rule"] == RULE:
            states.setdefault(alert["subject"], []).append((alert["state"], alert["unknown"]))
    return states


def test_what_is_unknown_opens_when_the_department_speaks(stages: Stages) -> None:
    """The real clock, which asks the broker: the register was never heard of, then it is."""
    stages.start_changed("dwelling", needs=NEEDS)
    stages.ours.start("clock")
    stages.say(TENANCY, [let("D-1", "lease-1", day=19_000)])

    def lacking(way: list[tuple[str, bool]]) -> str | None:
        stages.topics.catch_up()
        return None if alert_states(stages).get("D-1") == way else f"{alert_states(stages)} instead of {way}"

    until(lambda: lacking([("held", True)]), 60)
    stages.say(REGISTER, [registered("D-other")])
    until(lambda: lacking([("held", True), ("opened", False)]), 60)


def test_only_findings_of_affected_rules_are_judged_again_also_after_a_restart(stages: Stages) -> None:
    stages.start_changed("dwelling", needs=NEEDS)
    dwellings = [f"D-{number}" for number in range(30)]
    stages.say(TENANCY, [let(dwelling, f"lease-{dwelling}") for dwelling in dwellings])
    stages.say(TENANCY, [let("D-later", "lease-later", day=20_050)])
    stages.tick(MORNING + DAY)
    stages.settle("dwelling")
    assert alert_states(stages) == {dwelling: [("opened", False)] for dwelling in dwellings}
    before = rows_written(stages)

    stages.tick(MORNING + 2 * DAY, {REGISTER, "transport.vehicle-registration"})
    stages.settle("dwelling")
    assert alert_states(stages) == {dwelling: [("opened", False), ("held", True)] for dwelling in dwellings}
    assert rows_written(stages) == before + len(dwellings), "the row without a finding was left alone"

    stages.tick(MORNING + 3 * DAY, {REGISTER})
    stages.settle("dwelling")
    assert rows_written(stages) == before + len(dwellings), "nothing changed for any of them"

    stages.ours.kill("stage-dwelling")
    stages.start_changed("dwelling", needs=NEEDS)
    stages.tick(MORNING + 4 * DAY)
    stages.settle("dwelling")
    assert alert_states(stages) == {
        dwelling: [("opened", False), ("held", True), ("opened", False)] for dwelling in dwellings
    }
    assert {alert["opened_at"] for alert in stages.alerts()} == {stages.alerts()[0]["opened_at"]}
    assert rows_written(stages) == before + 2 * len(dwellings)


def rows_written(stages: Stages) -> int:
    return len(stages.topics.all["rows.dwelling"])
