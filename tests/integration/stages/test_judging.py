"""A rule's mistake about one subject makes it unknown; the others go on. docs/decisions/0023-judging.md"""

from __future__ import annotations

from tests.integration.stages.conftest import DAY, MORNING, Stages
from tests.integration.stages.test_stages import RULE, households, states


def newest(stages: Stages) -> dict[str, tuple[str, bool]]:
    """The state of each household's finding, and whether it is unknown."""
    return {a["subject"]: (a["state"], a["unknown"]) for a in stages.alerts() if a["rule"] == RULE}


def test_a_rule_that_raises_for_one_subject_makes_it_unknown_until_the_rule_is_mended(stages: Stages) -> None:
    stages.start("resident", "household")
    stages.tick(MORNING + DAY)
    households(stages, range(4))
    stages.settle("resident", "household")
    stages.ours.stop("stage-household")
    stages.start_changed("household", judging_raises_at=["H-1"])
    stages.tick(MORNING + 2 * DAY)
    households(stages, range(1, 3), day=20_001)
    stages.settle("resident", "household")
    wanted = {f"H-{n}": ("opened", False) for n in (0, 3)} | {"H-2": ("changed", False), "H-1": ("held", True)}
    assert newest(stages) == wanted
    row = stages.row("household", "H-1")
    assert row is not None
    assert row["bookkeeping"]["judged_by"] == "not judged"
    assert len(row["members"][0]["membership"]["programmes"]) == 1, "the facts are merged"
    before = len(stages.topics.all["rows.household"])
    for days in (3, 4):
        stages.tick(MORNING + days * DAY)
        stages.settle("household")
    assert len(stages.topics.all["rows.household"]) == before, "it is not judged again at every tick"
    stages.ours.stop("stage-household")
    stages.start("household")
    stages.tick(MORNING + 5 * DAY)
    stages.settle("household")
    assert newest(stages)["H-1"] == ("opened", False)
    assert "resolved" not in states(stages)["H-1"]
    assert stages.letters() == []


def test_a_mistake_about_more_subjects_than_the_limit_stops_the_stage(stages: Stages) -> None:
    stages.start("resident")
    stages.tick(MORNING + DAY)
    stages.settle("resident")
    households(stages, range(8))
    stages.settle("resident")
    child = stages.start_changed("household", judging_raises_at=[f"H-{n}" for n in range(8)])
    assert child.process.wait(60) != 0
    stages.topics.catch_up()
    assert stages.alerts() == []
    assert "CITYGRID_MISJUDGED_A_MINUTE" in child.program.log.read_text(encoding="utf-8")
