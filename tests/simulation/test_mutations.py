"""The simulator finds planted mistakes: each is looked for until a first seed shows it."""

import re
from pathlib import Path

import pytest

from tests.simulation.case import case_of
from tests.simulation.case import run as run_here
from tests.simulation.mutations import MUTATIONS, Mutation, planted, simulated

SEEDS = 600
"""Three times as many as the slowest needs."""


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_planted_mistake_is_caught(mutation: Mutation, tmp_path: Path) -> None:
    planted(mutation, tmp_path)
    run = simulated(tmp_path, SEEDS, mutation.first)
    assert run.returncode == 1, f"not caught by {SEEDS} seeds: {run.stdout[-500:]}{run.stderr[-1000:]}"
    seed = re.search(r"SIMULATION_SEED=(\d+)", run.stdout)
    assert seed is not None, run.stderr[-2000:]
    assert not run_here(case_of(int(seed[1]))).differences, (
        "it is the mistake that differs, not the product or the test"
    )
