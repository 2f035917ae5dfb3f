"""Numbers that are one person's, through a stage whose output is its own input, on a real Kafka."""

from __future__ import annotations

from producers.publish import Statement
from tests.integration.stages.conftest import DAY, MORNING, POLICE, Stages, car, dibao, moved_in

LINKS = "police.identity-linked"
RULE = "car-and-benefit"


def changed(
    stages: Stages, old: int, new: int, when: int = MORNING, *, turn: int = 0, withdrawn: bool = False
) -> Statement:
    record = f"GL-{old}-{new}"
    statement = Statement("NumberChanged", record, stages.person(old), when, when + turn, {"to": stages.person(new)})
    return statement._replace(withdrawn=withdrawn)


def found_at(stages: Stages, number: int) -> tuple[str | None, list[str]]:
    """(where the person of this number is found, the numbers that lead to this one)."""
    row = stages.row("resident", stages.pseudonym(number))
    assert row is not None
    return row["joined_to"], row["also"]


def names(stages: Stages, *numbers: int) -> list[str]:
    return sorted(stages.pseudonym(number) for number in numbers)


def test_chains_rings_and_withdrawals_come_to_rest_while_the_clock_turns_and_workers_die(stages: Stages) -> None:
    """Ten chains of four over all partitions; then each turns into a ring; then each is cut in the middle."""
    stages.start("resident", "household")
    stages.tick(MORNING + DAY)
    chains = [range(first, first + 4) for first in range(0, 40, 4)]
    stages.say(POLICE, [moved_in(stages.person(chain[0]), f"H-{chain[0]}") for chain in chains])
    stages.say("transport.vehicle-registration", [car(stages.person(c[1]), f"粤A{c[0]:05d}") for c in chains])
    benefits = [dibao(stages.person(c[2]), f"DB-{c[0]}", f"H-{c[0]}", 20_000) for c in chains]
    stages.say("civil-affairs.social-assistance", benefits)
    stages.say(LINKS, [changed(stages, old, old + 1) for c in chains for old in c[2::-1]])
    stages.ours.running["stage-resident"].kill()
    stages.ours.restart("stage-resident")
    stages.tick(MORNING + 2 * DAY)
    stages.settle("resident", "household")
    for one, two, three, last in chains:
        assert found_at(stages, last) == (None, names(stages, one, two, three))
        assert found_at(stages, one) == (stages.pseudonym(two), [])
        household = stages.row("household", f"H-{one}")
        assert household
        assert [member["resident"] for member in household["members"]] == names(stages, last)
    alerts = [alert for alert in stages.alerts() if alert["rule"] == RULE]
    assert {alert["subject"] for alert in alerts} == {f"H-{chain[0]}" for chain in chains}, "a car, a benefit, one home"

    stages.say(LINKS, [changed(stages, last, one, MORNING + 1) for one, _, _, last in chains])
    stages.tick(MORNING + 3 * DAY)
    stages.settle("resident", "household")
    for one, two, three, last in chains:
        assert found_at(stages, one) == (None, names(stages, two, three, last))
        assert found_at(stages, last) == (stages.pseudonym(one), names(stages, two, three))

    stages.say(LINKS, [changed(stages, two, three, turn=1, withdrawn=True) for _, two, three, _ in chains])
    stages.tick(MORNING + 4 * DAY)
    stages.settle("resident", "household")
    for one, two, three, last in chains:
        assert found_at(stages, two) == (None, names(stages, one, three, last))
        assert found_at(stages, three) == (stages.pseudonym(last), [])
        household = stages.row("household", f"H-{one}")
        assert household
        assert [member["resident"] for member in household["members"]] == names(stages, two)
    assert stages.letters() == []


def test_a_stage_that_has_nothing_to_say_says_nothing_to_itself(stages: Stages) -> None:
    """A ring must not go on turning: once it has come to rest, clocks bring nothing forth."""
    stages.start("resident")
    stages.tick(MORNING + DAY)
    stages.say(LINKS, [changed(stages, 0, 1), changed(stages, 1, 2), changed(stages, 2, 0, MORNING + 1)])
    stages.settle("resident")
    stages.tick(MORNING + 2 * DAY)
    stages.settle("resident")
    before = len(stages.topics.all["contributions.resident"])
    for day in range(3, 6):
        stages.tick(MORNING + day * DAY)
        stages.settle("resident")
    assert len(stages.topics.all["contributions.resident"]) == before
    assert found_at(stages, 0) == (None, names(stages, 1, 2))
