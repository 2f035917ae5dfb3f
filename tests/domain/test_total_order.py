"""No valid row ends a stage: what optional fields hold or lack, views and rules can put in an order.

Views and rules are discovered, so a new one is covered without a line here.
"""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import domain
from domain.contributions import Membership, Occupancy, ProgrammeDrawn, VehicleHeld
from domain.event import Event, Source
from domain.views._risk import at_risk
from domain.views.dwelling import VIEW as DWELLING
from domain.views.household import VIEW as HOUSEHOLD
from tests.domain.strategies import INSTANTS, cases, rows
from tests.golden.in_memory import ALL_RULES, ALL_VIEWS

DAY = 86_400_000_000
NOW = 20_010 * DAY


def source(record: str) -> Source:
    return Source("civil-affairs", "Granted", record, record, 0)


def test_two_benefits_of_one_programme_and_day_of_which_one_has_no_end() -> None:
    vehicle = VehicleHeld("car", source("粤A00001"))
    drawn = (
        ProgrammeDrawn("dibao", 20_000, None, False, source("DB-1")),
        ProgrammeDrawn("dibao", 20_000, 20_400, False, source("DB-1")),
    )
    member = Membership(None, 0, None, None, None, None, False, source("R-1"), (vehicle,), drawn, None, (), ())
    row = HOUSEHOLD.receive(HOUSEHOLD.row("H-1"), "a", member)
    assert [finding.cause for finding in ALL_RULES["car-and-benefit"].check(row, NOW)] == ["粤A00001"]


def test_two_leases_of_one_dwelling_and_day_of_which_one_has_no_end() -> None:
    row = DWELLING.row("D-1")
    for record, until in (("L-1", None), ("L-2", 20_400)):
        change: Mapping[str, Any] = {"landlord": "x", "tenants": ["t"], "start": 20_000, "until": until, "rooms": None}
        row = DWELLING.merge(row, Event(record, "housing", "housing.lease", "D-1", record, 0, 0, False, "Let", change))
    row = DWELLING.receive(row, "a", Occupancy("H-1", 0, None, source("R-1")))
    door = at_risk(row)
    assert door is None or door.door is not None


@pytest.mark.parametrize("name", ALL_VIEWS)
@settings(cases(80), phases=[Phase.generate])  # to shrink a row takes minutes
@given(data=st.data())
def test_every_row_that_its_schema_allows_can_be_judged(name: str, data: st.DataObject) -> None:
    view, row = ALL_VIEWS[name], data.draw(rows(name))
    now = data.draw(st.sampled_from(INSTANTS))
    view.contribute(row)
    view.place(row)
    view.household(row)
    view.expires_at(row)
    view.expire(row, now)
    seen = view.judged(row)
    for rule in ALL_RULES.values() if seen is not None else ():
        if rule.view == name:
            list(rule.check(seen, now))
            rule.look_again(seen, now)


ORDERED = ("sorted", "min", "max", "sort", "nsmallest", "nlargest")


@pytest.mark.parametrize("file", sorted(Path(domain.__path__[0]).rglob("*.py")), ids=lambda file: file.name)
def test_whatever_is_put_in_an_order_has_a_key(file: Path) -> None:
    """A tuple is compared field by field, and a field may be None: the key says what is compared. Values that are
    numbers or texts have `domain.keys.itself` for theirs, whose type takes nothing that may lack a part."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in ORDERED:
                assert any(word.arg == "key" for word in node.keywords), f"line {node.lineno}: {name} has no key"
            case ast.Import(names=[ast.alias(name="heapq")]) | ast.ImportFrom(module="heapq"):
                pytest.fail(f"line {node.lineno}: a heap takes no key")


def test_a_benefit_from_before_1970_is_due_ninety_days_after_it_began() -> None:
    drawn = (ProgrammeDrawn("dibao", -400, None, False, source("DB-1")),)
    row = DWELLING.receive(DWELLING.row("D-1"), "a", Occupancy("H-1", None, None, source("R-1"), programmes=drawn))
    rule = ALL_RULES["low-income-visit"]
    assert [finding.cause for finding in rule.check(row, -300 * DAY)] == ["DB-1 1969-02-25"]
    assert list(rule.check(row, -320 * DAY)) == []
