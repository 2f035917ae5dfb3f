"""Histories of valid events, others every time: `SIMULATION_SEED=… pytest tests/simulation` repeats one."""

import os
import secrets
from collections import Counter

import pytest

from tests.simulation.case import case_of, run
from tests.simulation.codecs import CONTRACTS

SEEDS, AT_ONCE = 160, 20
"""Histories of one run of the tests, and of one test; `make soak` takes five thousand."""
BEGIN = secrets.randbelow(1_000_000_000)
REPEATED = os.environ.get("SIMULATION_SEED")


@pytest.mark.parametrize("part", range(1 if REPEATED else SEEDS // AT_ONCE))
def test_every_schedule_of_a_history_comes_to_the_recomputation(part: int) -> None:
    seeds = [int(REPEATED)] if REPEATED else range(BEGIN + part * AT_ONCE, BEGIN + (part + 1) * AT_ONCE)
    for seed in seeds:
        differences = run(case_of(seed)).differences
        assert not differences, (
            f"SIMULATION_SEED={seed}, repeated and made small by `python -m tests.simulation --seed {seed}`: "
            + "\n".join(differences[:8])
        )


def test_histories_hold_every_kind_of_every_contract_and_what_makes_merging_hard() -> None:
    statements = [statement.event for seed in range(300) for statement in case_of(seed).statements]
    assert {(event.topic, event.kind) for event in statements} == {
        (topic, kind) for topic, contract in CONTRACTS.items() for kind in contract.kinds
    }
    records = Counter((event.topic, event.subject, event.record, event.kind) for event in statements)
    assert sum(count > 1 for count in records.values()) > 200, "records are stated again"
    assert sum(event.withdrawn for event in statements) > 500
    ties = Counter((event.topic, event.record, event.occurred_at, event.recorded_at) for event in statements)
    assert sum(count > 1 for count in ties.values()) > 200, "statements of one record at one instant"


def test_one_seed_is_one_history_and_one_outcome() -> None:
    one, other = case_of(7), case_of(7)
    assert one.statements == other.statements
    assert run(one) == run(other)


def test_schedules_do_all_that_they_are_there_for() -> None:
    did = Counter[str]()
    for seed in range(40):
        did.update(run(case_of(seed)).did)
    wanted = {"batches", "commits", "compactions", "events", "hand-overs", "kills", "restarts", "sent back", "ticks"}
    assert {deed for deed, count in did.items() if count > 20} >= wanted
