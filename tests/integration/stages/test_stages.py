"""What only a real Kafka shows of the stages: restarts in the middle, due rows, withdrawn rules, a view's mistake."""

from __future__ import annotations

from itertools import pairwise

from processes.clock_topic import take_back
from producers.publish import Statement
from tests.integration.stages.conftest import DAY, MORNING, POLICE, Stages, car, dibao, moved_in

VEHICLES, ASSISTANCE = "transport.vehicle-registration", "civil-affairs.social-assistance"
RULE = "car-and-benefit"


def households(stages: Stages, numbers: range, day: int = 20_000) -> None:
    """Each with one person who has a car and draws dibao from `day` on."""
    people = {number: stages.person(number) for number in numbers}
    stages.say(POLICE, [moved_in(person, f"H-{number}") for number, person in people.items()])
    stages.say(VEHICLES, [car(person, f"粤A{number:05d}") for number, person in people.items()])
    stages.say(ASSISTANCE, [dibao(person, f"DB-{number}", f"H-{number}", day) for number, person in people.items()])


def states(stages: Stages) -> dict[str, list[str]]:
    """The states through which each household's finding went."""
    by_subject: dict[str, list[str]] = {}
    for alert in stages.alerts():
        if alert["rule"] == RULE:
            by_subject.setdefault(alert["subject"], []).append(alert["state"])
    return by_subject


def test_a_stage_that_is_killed_in_the_middle_opens_nothing_twice(stages: Stages) -> None:
    stages.start("resident", "household")
    stages.tick(MORNING + DAY)
    households(stages, range(150))
    stages.settle("resident", seconds=60)
    for name in ("stage-household", "stage-resident"):
        stages.ours.running[name].kill()
        stages.ours.restart(name)
        households(stages, range(150, 300) if name == "stage-household" else range(300, 450))
    stages.tick(MORNING + 2 * DAY)
    stages.settle("resident", "household")
    stages.tick(MORNING + 3 * DAY)
    stages.settle("resident", "household")
    states_now = states(stages)
    assert states_now.keys() == {f"H-{number}" for number in range(450)}
    for way in states_now.values():
        assert way[0] == "opened"
        assert "resolved" not in way
        assert all(later == "changed" for _, later in pairwise(way)), way


def test_a_row_is_due_although_its_stage_was_started_anew(stages: Stages) -> None:
    """The benefit begins in ten days; nothing is said on that day, only the clock turns."""
    stages.start("resident", "household")
    stages.tick(MORNING + DAY)
    households(stages, range(3), day=20_010)
    stages.settle("resident", "household")
    stages.tick(MORNING + 2 * DAY)
    stages.settle("resident", "household")
    assert states(stages) == {}
    stages.ours.stop("stage-household")
    stages.start("household")
    stages.tick(MORNING + 11 * DAY)
    stages.settle("household")
    assert states(stages) == {f"H-{number}": ["opened"] for number in range(3)}


def test_a_doors_events_go_after_a_month_although_its_stage_was_started_anew(stages: Stages) -> None:
    """docs/decisions/0012-door-swipes.md"""
    stages.start("dwelling")
    stages.tick(MORNING + DAY)
    passed = {"resident": stages.person(0), "card": None, "device": "MJ-1"}
    swipes = [Statement("SwipedIn", f"e-{n}", "D-1", MORNING + n * DAY, MORNING + n * DAY, passed) for n in range(2)]
    stages.say("door-access.swipe", swipes)
    stages.settle("dwelling")
    stages.ours.stop("stage-dwelling")
    stages.start("dwelling")
    kept = []
    for days in (30, 31, 32):
        stages.tick(MORNING + days * DAY)
        stages.settle("dwelling")
        row = stages.row("dwelling", "D-1")
        assert row is not None
        kept.append([swipe["record"] for swipe in row["swipes"]])
    assert kept == [["e-0", "e-1"], ["e-1"], []]
    stages.say("door-access.swipe", swipes)
    stages.settle("dwelling")
    row = stages.row("dwelling", "D-1")
    assert row is not None
    assert row["swipes"] == [], "said again, they are as old as before"


def test_a_rule_that_is_withdrawn_resolves_what_it_found(stages: Stages) -> None:
    stages.start("resident", "household")
    stages.tick(MORNING + DAY)
    households(stages, range(5))
    stages.settle("resident", "household")
    stages.ours.stop("stage-household")
    stages.start_changed("household", without=[RULE])
    stages.tick(MORNING + 2 * DAY)
    stages.settle("household")
    for way in states(stages).values():
        assert (way[0], way[-1]) == ("opened", "resolved")
    assert len(states(stages)) == 5
    resolved = [alert for alert in stages.alerts() if alert["state"] == "resolved"]
    assert {alert["resolution_en"] for alert in resolved} == {"the rule is no longer in use"}


def test_a_new_rule_reaches_rows_of_which_nothing_is_said_any_more(stages: Stages) -> None:
    stages.start("resident")
    stages.start_changed("household", without=[RULE])
    stages.tick(MORNING + DAY)
    households(stages, range(5))
    stages.settle("resident", "household")
    assert states(stages) == {}
    stages.ours.stop("stage-household")
    stages.start("household")
    stages.tick(MORNING + 2 * DAY)
    stages.settle("household")
    assert states(stages) == {f"H-{number}": ["opened"] for number in range(5)}


def test_who_moves_is_no_longer_counted_where_he_was(stages: Stages) -> None:
    stages.start("resident", "household")
    stages.say(POLICE, [moved_in(stages.person(number), "H-old") for number in range(3)])
    stages.settle("resident", "household")
    stages.say(POLICE, [moved_in(stages.person(0), "H-new", MORNING + DAY)])
    stages.settle("resident", "household")
    moved = stages.pseudonym(0)
    old, new = stages.row("household", "H-old"), stages.row("household", "H-new")
    assert old is not None
    assert new is not None
    assert {member["resident"] for member in old["members"]} == {stages.pseudonym(number) for number in (1, 2)}
    assert [member["resident"] for member in new["members"]] == [moved]
    assert (old["living"], new["living"]) == (2, 1)


def test_a_views_mistake_about_all_records_ends_the_process_with_nothing_committed(stages: Stages) -> None:
    """It must not look like bad records: docs/decisions/0023-judging.md. The mended view finds everything as it was."""
    stages.say(POLICE, [moved_in(stages.person(number), f"H-{number}") for number in range(40)])
    failing = stages.start_changed("resident", raises_at="R-")
    assert failing.process.wait(60) != 0
    assert "CITYGRID_MISJUDGED_A_MINUTE" in failing.program.log.read_text()
    stages.topics.catch_up()
    assert stages.row("resident", stages.pseudonym(7)) is None
    assert stages.letters() == []
    stages.ours.kill("stage-resident")
    stages.start("resident")
    stages.settle("resident")
    assert all(stages.row("resident", stages.pseudonym(number)) for number in range(40))


def test_a_dormitory_is_one_row_and_one_that_grows_too_large_is_told(stages: Stages) -> None:
    """docs/decisions/0010-large-rows.md"""
    stages.start("resident", "household")
    stages.tick(MORNING + DAY)
    address = "示例市示例区示例大道一百二十八号学生公寓第三栋"
    people = range(5_000)
    stages.say(POLICE, [moved_in(stages.person(number), "H-dorm", address=address) for number in people])
    stages.settle("resident", "household", seconds=180)
    row = stages.row("household", "H-dorm")
    assert row is not None
    assert row["living"] == len(people)
    size = len(stages.topics.newest["rows.household"][b"H-dorm"].value or b"")
    assert 1_000_000 < size < 2_000_000, f"{size} bytes"
    assert stages.letters() == []

    newcomers = range(5_000, 5_400)
    stages.say(POLICE, [moved_in(stages.person(number), "H-dorm", address="长" * 1_000) for number in newcomers])
    stages.say(POLICE, [moved_in(stages.person(6_000), "H-next-door")])
    stages.settle("resident", "household")
    stages.tick(MORNING + 2 * DAY)
    stages.settle("household")
    row = stages.row("household", "H-dorm")
    assert row is not None
    assert row["living"] + len(stages.letters()) == len(people) + len(newcomers)
    assert stages.letters()
    assert {key.partition(b"\n")[0] for key in stages.letters()} == {b"H-dorm"}
    assert stages.row("household", "H-next-door") is not None
    assert all(child.alive for child in stages.ours.running.values())


def test_what_a_mistaken_time_opened_is_resolved_once_it_is_taken_back(stages: Stages) -> None:
    """The benefit begins in ten days; a clock that is a month ahead, then right again."""
    stages.start("resident", "household")
    stages.tick(MORNING + DAY)
    households(stages, range(3), day=20_010)
    stages.settle("resident", "household")
    stages.tick(MORNING + 30 * DAY)
    stages.settle("resident", "household")
    assert states(stages) == {f"H-{number}": ["opened"] for number in range(3)}
    stages.tick(MORNING + 2 * DAY)
    stages.settle("resident", "household")
    assert states(stages) == {f"H-{number}": ["opened"] for number in range(3)}, "an earlier tick alone changes nothing"
    take_back(stages.settings, MORNING + 2 * DAY)
    stages.settle("resident", "household")
    assert states(stages) == {f"H-{number}": ["opened", "resolved"] for number in range(3)}
    stages.tick(MORNING + 11 * DAY)
    stages.settle("resident", "household")
    assert states(stages) == {f"H-{number}": ["opened", "resolved", "opened"] for number in range(3)}
