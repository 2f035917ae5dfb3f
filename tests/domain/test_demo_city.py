"""The demo city: its files are what the departments' readers expect, it is the same to the byte, something is amiss in
it."""

from collections import Counter
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from demo.changes import CYCLE, Changes
from demo.city import DemoCity, credit_code
from demo.play import REGISTERS, examples, statements, write
from demo.sheets import READERS, exported
from domain.codes import normalised_credit_code, normalised_identity_number
from domain.event import Event
from domain.time import DAY, midnight
from producers.publish.checked_lines import Good
from producers.publish.export_file import Rehearsal, lines
from producers.publish.export_lines import ExportFile
from runtime.settings import Settings
from tests.golden.in_memory import City
from wire.contracts import contracts

TODAY = date(2026, 3, 2)
BROUGHT = {
    "benefit-for-dead",
    "car-and-benefit",
    "child-not-enrolled",
    "elder-alone",
    "elder-silent",
    "facility-danger",
    "facility-hazard",
    "low-income-visit",
    "newly-let",
    "over-occupied",
    "permit-ending",
    "revoked-but-filing",
    "serious-illness",
    "severe-mental-alone",
    "stranger-swipes",
    "unseen-registered",
}
"""Rules for which the registers hold something; the others are the day's."""
NOON = midnight((TODAY - date(1970, 1, 1)).days) + DAY // 2


@pytest.fixture(scope="module")
def city() -> DemoCity:
    return DemoCity(11, 2_000, TODAY)


@pytest.fixture(scope="module")
def events(city: DemoCity, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """Everything that the registers say, through the files and their readers; what is in no file, directly."""
    door, statements_found = Rehearsal(Settings(_env_file=None)), []
    for department, path in write(tmp_path_factory.mktemp("demo"), city):
        with ExportFile(path, None) as file:
            assert file.encoding == "gb18030"
            for line in lines(file, READERS[department], door):
                assert isinstance(line, Good), f"{path.name}: {line}"
                statements_found += line.events
    statements_found += [
        (topic, door.ready(topic, statement)) for topic, statement in statements(city) if not exported(topic)
    ]
    statements_found += [(topic, door.ready(topic, statement)) for topic, statement in examples()]
    return [
        Event(
            event_id,
            contracts()[topic].department,
            topic,
            statement.subject,
            statement.record,
            statement.occurred_at,
            statement.recorded_at,
            statement.withdrawn,
            statement.kind,
            statement.change,
        )
        for topic, (event_id, statement) in statements_found
    ]


def test_the_city_speaks_by_every_contract(events: list[Event]) -> None:
    assert {event.topic for event in events} == set(contracts())
    assert set(REGISTERS) <= {contract.department for contract in contracts().values()}


def test_a_department_without_a_register_is_heard_by_its_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(REGISTERS, "weather")
    door = Rehearsal(Settings(_env_file=None))
    assert {topic for topic, _ in examples()} >= {"weather.warning"}
    assert all(door.ready(topic, statement) for topic, statement in examples())


def test_there_are_so_many_residents_and_each_has_a_number_of_nobody() -> None:
    for residents in (300, 1_999):
        city = DemoCity(11, residents, TODAY)
        people = [person for building in city.buildings() for person in building.people]
        assert len({person.number for person in people}) == residents
        for person in people:
            assert normalised_identity_number(person.number) == person.number
            assert person.number.startswith("99"), "the code of no place"
            assert int(person.number[16]) % 2 == (person.sex == "male")
            assert person.born < TODAY
    assert all(normalised_credit_code(credit_code(number)) == credit_code(number) for number in range(2_000))


def test_a_small_city_is_the_beginning_of_a_large_one() -> None:
    small, large = DemoCity(11, 3_000, TODAY), DemoCity(11, 90_000, TODAY)
    assert list(small.buildings()) == list(islice(large.buildings(), small.count))


def test_alerts_by_the_dozen_across_the_rules_and_grids(city: DemoCity, events: list[Event]) -> None:
    stages = City()
    for event in events:
        stages.batch([event], contracts()[event.topic].subject)
    stages.finish(NOON)
    standing = [alert for alert in stages.alerts.values() if alert.state == "opened"]
    rules = Counter(alert.rule for alert in standing)
    assert set(rules) >= BROUGHT
    assert 60 <= len(standing) <= 200, rules
    assert min(rules.values()) >= 2, rules
    assert sum(alert.severity == "urgent" for alert in standing) <= len(standing) // 3
    grid_of = {home.number: home.grid for building in city.buildings() for home in building.dwellings}
    number = {grid_of.get(place, place.removeprefix("grid/")) for alert in standing if (place := alert.dwelling)}
    assert len(number) >= 15


def test_the_same_seed_is_the_same_city_to_the_byte_and_another_is_another(tmp_path: Path) -> None:
    written = {
        name: {path.name: path.read_bytes() for _, path in write(tmp_path / name, DemoCity(seed, 300, TODAY))}
        for name, seed in (("one", 1), ("again", 1), ("another", 2))
    }
    assert written["one"] == written["again"]
    differ = {name for name in written["one"] if written["another"].get(name) != written["one"][name]}
    assert differ >= {"户籍变动.csv", "房屋登记.csv", "租赁备案.csv"}


def test_each_change_is_a_statement_that_its_contract_takes(city: DemoCity) -> None:
    door, changes, titles = Rehearsal(Settings(_env_file=None)), Changes(city), set()
    for number in range(200):
        changed = changes.change(number, NOON + number)
        assert changed == Changes(city).change(number, NOON + number)
        titles.add(changed.title)
        door.ready(*changed.stated)
    assert titles == set(CYCLE)
