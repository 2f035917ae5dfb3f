"""Statements of one day without a time of day, from an office's file through the command to the resident's row."""

from __future__ import annotations

from pathlib import Path

from tests.integration.publish.test_publish import citygrid
from tests.integration.stages.conftest import DAY, Stages
from wire.contracts import SCHEMAS

CASES = SCHEMAS.parent / "tests" / "cases"
NOVEMBER = 20_780 * DAY
"""After all that the files hold."""


def publish(stages: Stages, file: Path) -> None:
    done = citygrid(stages.settings, "police", str(file), "--wait", "0")
    assert done.returncode == 0, done.stderr


def rows(stages: Stages) -> list[dict[str, object]]:
    listed = [stages.row("resident", key.decode()) for key in stages.topics.newest["rows.resident"]]
    return [row for row in listed if row is not None]


def test_a_correction_of_the_same_day_holds_and_the_first_file_published_again_changes_nothing(stages: Stages) -> None:
    stages.start("resident")
    stages.tick(NOVEMBER)
    for file in ("1-first.csv", "2-corrected.csv", "1-first.csv"):
        publish(stages, CASES / "11" / file)
        stages.settle("resident")
    held = sorted(statement["value"] for row in rows(stages) for statement in row["contact"])  # type: ignore[attr-defined]
    assert held == [f"139000000{index:02d}" for index in range(16)]


def test_who_moves_within_the_city_on_one_day_lives_in_the_new_household(stages: Stages) -> None:
    stages.start("resident")
    stages.tick(NOVEMBER)
    publish(stages, CASES / "30" / "police.csv")
    stages.settle("resident")
    assert sorted(str(row["household"]) for row in rows(stages)) == sorted(f"H-B30-new-{n}" for n in range(1, 17))
