"""Contracts, views, topics and the due times of rows agree about what is forgotten, and a slip is named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from dataplane import partition_of
from domain.retention import Kept
from processes.retention_page import RETENTION_PAGE, retention_page
from stream_apps.large_rows import NEAR, LargeRows, mark_of
from stream_apps.stage_codec import LARGEST_WRITTEN
from tests.domain.strategies import CONTRACTS
from tests.domain.test_laws import sample_of
from tests.golden.in_memory import ALL_VIEWS
from wire.contract_rules import ContractRefused
from wire.contracts import SCHEMAS, contracts
from wire.topics import DAY_MS, FOR_EVER, topics

KINDS = [(contract.topic, kind) for contract in CONTRACTS.values() for kind in contract.kinds]


@pytest.mark.parametrize(("topic", "kind"), KINDS)
def test_a_row_forgets_what_happens_at_a_moment_when_its_contract_says_and_nothing_else(topic: str, kind: str) -> None:
    contract = CONTRACTS[topic]
    wanted = contract.kept if contract.momentary else None
    for view in ALL_VIEWS.values():
        if view.subject == contract.subject:
            empty = view.row("a")
            row = view.merge(empty, sample_of(contract, kind))
            stated = [name for name in row.__dataclass_fields__ if getattr(row, name) != getattr(empty, name)]
            assert {view.kept.get(name) for name in stated} == {wanted}, (
                f"View.kept of {view.name} for {stated}: see domain/retention.py and {contract.path}"
            )


def test_moments_are_those_of_doors_buttons_and_grid_workers() -> None:
    assert {topic for topic, contract in CONTRACTS.items() if contract.momentary} == {
        "bracelet.button", "door-access.swipe", "grid.instruction", "grid.observation", "grid.report",
        "grid.response",
    }  # fmt: skip


def test_a_topic_of_moments_keeps_them_for_as_long_as_rows_do_and_all_others_for_ever() -> None:
    for topic in topics():
        contract = CONTRACTS.get(topic.name)
        if contract is None:
            continue
        kept_ms = topic.config["retention.ms"]
        if not contract.momentary:
            assert (kept_ms, topic.config.get("segment.ms")) == (FOR_EVER, None)
            continue
        assert contract.kept is not None
        longest = max(contract.kept.until(day * 86_400_000_000) - day * 86_400_000_000 for day in range(20_000, 21_500))
        assert longest // 1_000 + DAY_MS // 2 < int(kept_ms) < longest // 1_000 + 6 * DAY_MS
        assert DAY_MS <= int(topic.config["segment.ms"]) <= 7 * DAY_MS


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"P31D"', '"P1M"', "P1M"),
        ('"P31D"', '"a month"', "a month"),
        ('"P31D"', '"P0D"', "P0D"),
        ('"P31D"', '"permanent"', "momentary"),
        ('"momentary": true', '"momentary": false', "momentary"),
        ('"momentary": true', '"momentary": "yes"', "momentary"),
        ('"momentary": true', '"momentarily": true', "momentarily"),
    ],
)
def test_a_slip_is_named_with_its_file(tmp_path: Path, old: str, new: str, named: str) -> None:
    root = Path(shutil.copytree(SCHEMAS, tmp_path / "schemas"))
    file = root / "events" / "door-access" / "swipe.avsc"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ContractRefused, match=named) as refused:
        contracts(root)
    assert str(file) in str(refused.value)


def test_how_long_is_read_from_the_contract() -> None:
    assert CONTRACTS["door-access.swipe"].kept == Kept(days=31)
    assert CONTRACTS["bracelet.button"].kept == Kept(years=3)
    assert CONTRACTS["housing.dwelling-register"].kept is None


def test_the_page_says_what_contracts_views_topics_and_tables_say() -> None:
    """A department that was added a moment ago may be missing: its topic says itself how long it is kept."""
    there, made = RETENTION_PAGE.read_text("utf-8").split("\n"), retention_page().split("\n")
    missing = [line for line in made if line not in there]
    assert [line for line in made if line in there] == there, "run python -m processes.observe"
    assert [line for line in missing if not line.endswith("| what lasts |")] == [], "run python -m processes.observe"


def large(view: str = "household") -> float:
    return REGISTRY.get_sample_value("citygrid_large_rows", {"view": view}) or 0.0


def test_a_row_that_nears_its_limit_is_told_once_and_without_its_key() -> None:
    rows, key = LargeRows("household", 4), "H-440106-很多人".encode()
    with capture_logs() as lines:
        rows.measured(key, NEAR - 1)
        assert large() == 0
        rows.measured(key, NEAR)
        rows.measured(key, NEAR + 1_000)
        assert large() == 1
    assert [line["event"] for line in lines] == ["row_nears_limit"]
    told: dict[str, Any] = dict(lines[0])
    assert (told["view"], told["bytes"], told["limit"], told["row"]) == (
        "household", NEAR, LARGEST_WRITTEN, mark_of(key),
    )  # fmt: skip
    assert "H-440106" not in str(lines)
    rows.measured(b"H-2", LARGEST_WRITTEN)
    assert large() == 2
    rows.measured(key, 10)
    assert large() == 1, "it has shrunk"
    rows.hand_over([partition_of(b"H-2", 4)])
    assert large() == 0, "another worker tells of it"
