"""A version whose views contribute something else says so of each row that is touched, also where nothing that it
contributes from has changed: what an earlier version settled is not believed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.contributions import Membership
from domain.view import Contributions
from tests.simulation import codecs
from tests.simulation.broker import Broker, Output
from tests.simulation.codecs import CONTRACTS, RULES, VIEWS, clock_encoder, event_encoder, published_reader
from tests.simulation.events import BASE
from tests.simulation.worker import Judging, Worker

DAY = 86_400_000_000
NOW = (BASE + 1) * DAY
WHO = "k1." + "a" * 43
POLICE, FUND = "police.household-registration", "provident-fund.account"


def state(broker: Broker, topic: str, kind: str, record: str, change: dict[str, Any]) -> None:
    contract = CONTRACTS[topic]
    event = {
        "event_id": f"{kind} {record}", "record": record, "subject": WHO, "occurred_at": BASE * DAY,
        "recorded_at": BASE * DAY, "withdrawn": False, "sequence": None,
        "change": (f"{contract.namespace}.{kind}", change),
    }  # fmt: skip
    broker.append(Output(topic, WHO.encode(), event_encoder(topic)(event), 0))


def folded(worker: Worker) -> None:
    while waiting := worker.unread():
        worker.fold(waiting[0], 10)
    worker.commit()


def names(broker: Broker) -> list[str | None]:
    read = published_reader("contributions.household").read
    return [read(value)["value"]["name"] for value in broker.newest("contributions.household").values()]


HOME = {
    "name": "测试", "sex": "female", "born": 7_000, "household": "H1", "dwelling": None, "address": "a",
    "relation": "head", "collective": False,
}  # fmt: skip


def tick(broker: Broker, now: int = NOW) -> None:
    broker.append(Output("clock", b"", clock_encoder()({"now": now, "quiet": []}), 0))


def test_rows_of_an_earlier_version_contribute_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(1)
    judging = Judging(tuple(RULES.values()), 0)
    tick(broker)
    state(broker, POLICE, "MovedIn", "R1", HOME)
    first = Worker("resident", judging, broker)
    first.take([0])
    folded(first)
    assert names(broker) == ["测试"]

    view = VIEWS["resident"]

    def without_names(row: Any) -> Contributions:
        def bare(value: Any) -> Any:
            return value._replace(name=None) if isinstance(value, Membership) else value

        return {to: {key: bare(value) for key, value in of.items()} for to, of in view.contribute(row).items()}

    monkeypatch.setitem(codecs.VIEWS, "resident", replace(view, contribute=without_names))
    later = Worker("resident", judging, broker)
    later.take([0])
    state(broker, FUND, "AccountClosed", "R1", {"on": BASE})
    folded(later)
    assert names(broker) == [None]
    outputs = broker.written()
    state(broker, FUND, "AccountClosed", "R2", {"on": BASE})
    folded(later)
    assert broker.written()["contributions.household", 0] == outputs["contributions.household", 0]


@pytest.mark.parametrize("grown", ["a new view is told", "another version"])
def test_rows_of_which_nothing_is_said_any_more_tell_a_new_view(grown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an event: a view that is made in a city that runs is not empty until each of its sources moves."""
    broker, view = Broker(1), VIEWS["resident"]
    judging = Judging(tuple(RULES.values()), 0)
    before = view.contributes_to - {"household"} if grown == "a new view is told" else view.contributes_to

    def to_nobody(_: Any) -> Contributions:
        return {}

    monkeypatch.setitem(codecs.VIEWS, "resident", replace(view, contributes_to=before, contribute=to_nobody))
    tick(broker)
    state(broker, POLICE, "MovedIn", "R1", HOME)
    first = Worker("resident", judging, broker)
    first.take([0])
    folded(first)
    assert names(broker) == []

    now = replace(view, version=view.version + 1) if grown == "another version" else view
    monkeypatch.setitem(codecs.VIEWS, "resident", now)
    later = Worker("resident", judging, broker)
    later.take([0])
    tick(broker, NOW + 1_000_000)
    folded(later)
    assert names(broker) == ["测试"]
