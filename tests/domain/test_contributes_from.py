"""What a row contributes follows from what its view says that it follows from: only then may a step leave out what it
contributed before (docs/decisions/0036-stages.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from random import Random
from typing import Any

import pytest

from domain.rows import replace
from domain.step import settle, unjudged
from domain.view import View
from tests.golden.in_memory import ALL_VIEWS, City
from tests.simulation.case import case_of
from tests.simulation.codecs import CONTRACTS

SEEDS = 150
CONTRIBUTING = [view for view in ALL_VIEWS.values() if view.contributes_to]


class NotToBeUsed:
    """What a field holds that contributions must not follow from: whoever asks anything of it fails."""

    def __bool__(self) -> bool:
        raise AssertionError("this field is not in contributes_from")

    def __len__(self) -> int:
        raise AssertionError("this field is not in contributes_from")

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("this field is not in contributes_from")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("this field is not in contributes_from")

    __hash__ = None  # type: ignore[assignment]


NOT_TO_BE_USED = NotToBeUsed()


@cache
def rows() -> dict[str, list[Any]]:
    """By view, the rows of random histories of every contract."""
    made: dict[str, list[Any]] = defaultdict(list)
    for seed in range(SEEDS):
        case = case_of(seed)
        city = City()
        history = [(CONTRACTS[s.topic].subject, s.event) for s in case.statements if s.topic in CONTRACTS]
        city.play(history, Random(seed), largest=5, ticks=[])
        city.finish(case.end.tick[0])
        for view, kept in city.rows.items():
            made[view] += kept.values()
    return made


def is_read(view: View, name: str) -> bool:
    """Whether contributions follow from the field, or from the row itself once the field holds something."""
    mark = ("a mark",)
    row = replace(view.row("x"), **{name: mark})
    return any(part is mark or part is row for part in view.contributes_from(row))


@pytest.mark.parametrize("view", CONTRIBUTING, ids=lambda view: view.name)
def test_no_other_field_is_used_by_what_a_row_contributes(view: View) -> None:
    left = [f.name for f in fields(view.row) if f.name not in ("id", "bookkeeping") and not is_read(view, f.name)]
    contributed = 0
    for row in rows()[view.name]:
        if any(part is row for part in view.contributes_from(row)):
            continue  # never left out
        without = replace(row, **dict.fromkeys(left, NOT_TO_BE_USED))
        assert view.contribute(without) == view.contribute(row)
        contributed += bool(view.contribute(row))
    if left:
        assert contributed >= 10, "this shows nothing"


def test_most_facts_of_a_resident_and_the_door_of_a_dwelling_change_nothing_elsewhere() -> None:
    for view, name in (("resident", "insurance"), ("resident", "employment"), ("dwelling", "swipes")):
        assert not is_read(ALL_VIEWS[view], name)
    assert is_read(ALL_VIEWS["resident"], "links")
    assert is_read(ALL_VIEWS["resident"], "linked")


def test_a_step_says_what_it_would_say_without_the_row_before() -> None:
    now = max(case_of(seed).end.tick[0] for seed in range(3))
    for view in CONTRIBUTING:
        for before, after in zip(rows()[view.name][:400], rows()[view.name][1:], strict=False):
            settled = settle(view, (), before, now, 0).row
            changed = replace(after, id=before.id, bookkeeping=settled.bookkeeping)
            assert settle(view, (), changed, now, 0, before=settled) == settle(view, (), changed, now, 0)
            assert settle(view, (), settled, now, 0, before=settled) == settle(view, (), settled, now, 0)


def test_what_could_not_be_judged_is_contributed_once_it_can_be() -> None:
    """A step whose judging failed keeps what was contributed of the facts before."""
    view = ALL_VIEWS["resident"]
    row = next(row for row in rows()["resident"] if view.contribute(row) and not row.links and not row.linked)
    never = unjudged(view, (), replace(row, bookkeeping=view.row("x").bookkeeping), 0).row
    assert settle(view, (), never, 0, 0, before=never).contributions
