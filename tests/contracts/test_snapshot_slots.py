"""A full export, whatever its contract: published after another one, it leaves a city that only ever saw the second."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.event import Event
from domain.facts import in_time
from domain.slot import slot_record
from producers.publish.snapshot import Snapshot
from producers.publish.statement import Ready, Statement
from tests.domain.strategies import CONTRACTS, INSTANTS, events
from tests.golden.compare import plain
from tests.golden.in_memory import ALL_VIEWS

RECORDED, MADE = INSTANTS[0], INSTANTS[-1]
"""The office writes down a day only; the second export is made later."""


def export(drawn: list[Event], first_seen: int) -> list[Event]:
    """The statements as one file's lines. What happened has its day for each slot, which several share."""
    instants: dict[tuple[str, ...], int] = {}
    lines = []
    for line, statement in enumerate(drawn):
        slot = (statement.subject, slot_record(statement.kind, statement.record, statement.change), statement.kind)
        occurred_at = instants.setdefault(slot, sum(map(ord, "".join(slot))) % 3)
        lines.append(
            statement._replace(
                occurred_at=occurred_at, recorded_at=RECORDED, withdrawn=False, sequence=first_seen * 1_000 + line
            )
        )
    return lines


def standing_facts(topic: str, events: list[Event]) -> dict[str, Any]:
    """subject → fact → what stands, in the order in which it happened, without where and when it was written down."""
    view = next(view for view in ALL_VIEWS.values() if view.subject == CONTRACTS[topic].subject)
    rows: dict[str, Any] = {}
    for event in events:
        rows[event.subject] = view.merge(rows.get(event.subject) or view.row(event.subject), event)
    standing: dict[str, Any] = {}
    for subject, row in rows.items():
        facts = {name: getattr(row, name) for name in row.__dataclass_fields__ if name not in ("id", "bookkeeping")}
        stands = {
            name: [(s.record, s.kind, s.occurred_at, plain(s.value)) for s in in_time(fact)]
            for name, fact in facts.items()
        }
        if any(stands.values()):
            standing[subject] = {name: fact for name, fact in stands.items() if fact}
    return standing


def published(topic: str, known: list[Event], exported: list[Event]) -> list[Event]:
    """The events by which `citygrid publish --snapshot` makes good what differs."""
    contract = CONTRACTS[topic]
    with Snapshot(topic, set(contract.kinds), MADE) as compared:
        for event in known:
            compared.known(event)
        for event in exported:
            statement = Statement(
                event.kind, event.record, event.subject, event.occurred_at, event.recorded_at, event.change,
                event.withdrawn, event.sequence,
            )  # fmt: skip
            compared.exported(Ready(event.event_id, statement))
        return [
            Event(
                f"published {number}", contract.department, topic, statement.subject, statement.record,
                statement.occurred_at,
                statement.recorded_at, statement.withdrawn, statement.kind, statement.change, statement.sequence,
            )
            for number, statement in enumerate(compared.statements())
        ]  # fmt: skip


@pytest.mark.parametrize("topic", CONTRACTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_city_is_as_if_it_only_ever_saw_the_second_export(topic: str, data: st.DataObject) -> None:
    drawn = st.lists(events(topic=topic).map(lambda pair: pair[1]), max_size=8)
    first, second = export(data.draw(drawn), 1), export(data.draw(drawn), 2)
    changes = published(topic, first, second)
    assert standing_facts(topic, first + changes) == standing_facts(topic, second)
    assert not published(topic, first + changes, second), "published again it changes nothing"


def test_each_tenant_of_a_lease_is_a_thing_of_its_own() -> None:
    topic = "housing.tenancy"

    def added(tenant: str, sequence: int) -> Event:
        change = {"tenant": tenant}
        return Event(
            f"added {tenant}", "housing", topic, "D-1", "ZL-1", 1, RECORDED, False, "TenantAdded", change, sequence
        )

    changes = published(topic, [], [added("one", 1), added("other", 2)])
    assert sorted(event.change["tenant"] for event in changes) == ["one", "other"]
    (gone,) = published(topic, changes, [added("one", 3)])
    assert (gone.change["tenant"], gone.withdrawn) == ("other", True)


def test_of_two_records_of_one_instant_the_later_line_holds_also_if_the_other_one_changes() -> None:
    topic = "police.household-registration"

    def contact(record: str, phone: str, sequence: int) -> Event:
        change = {"phone": phone}
        return Event(f"{record} {phone}", "police", topic, "p", record, 1, RECORDED, False, "Contact", change, sequence)

    first = [contact("HK-1", "138", 1), contact("HK-2", "139", 2)]
    for second in (
        [contact("HK-1", "137", 11), contact("HK-2", "139", 12)],
        [contact("HK-2", "139", 11), contact("HK-1", "138", 12)],
    ):
        changes = published(topic, first, second)
        assert standing_facts(topic, first + changes) == standing_facts(topic, second)
        assert not published(topic, first + changes, second)
