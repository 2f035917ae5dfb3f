"""Numbers that are one person's: whatever the order, what is linked is the closure of the standing links."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.event import Event
from domain.rules.benefit_for_dead import RULE as BENEFIT_FOR_DEAD
from domain.rules.button_sos import RULE as SOS
from domain.rules.car_and_benefit import RULE as CAR_AND_BENEFIT
from domain.step import JOINED
from tests.domain.story import Change, History
from tests.domain.strategies import CONTRACTS, INSTANTS, event
from tests.golden.compare import plain
from tests.golden.in_memory import ALL_VIEWS, City
from tests.golden.recompute.links import followed
from tests.golden.recompute.standing import one, standing

NUMBERS = "abcdef"
LINKED = CONTRACTS["police.identity-linked"]
STATES = {kind: {"links": one("to")} for kind in LINKED.kinds}


class Scattered(City):
    """What waits is received in any order, but in turn where one subject speaks to another: as partitions allow."""

    def __init__(self, draw: random.Random) -> None:
        super().__init__()
        self.draw = draw

    def receive(self, count: int) -> None:
        for _ in range(min(count, len(self.waiting))):
            view, target, source, _ = self.draw.choice(self.waiting)
            first = next(at for at, said in enumerate(self.waiting) if said[:3] == (view, target, source))
            self.waiting.rotate(-first)
            said = self.waiting.popleft()
            self.waiting.rotate(first)
            self.waiting.appendleft(said)
            super().receive(1)


@st.composite
def links(draw: st.DrawFn) -> Event:
    instants = st.sampled_from(INSTANTS)
    head = {
        "subject": draw(st.sampled_from(NUMBERS)),
        "record": draw(st.sampled_from(("1", "2"))),
        "occurred_at": draw(instants),
        "recorded_at": draw(instants),
        "withdrawn": draw(st.integers(0, 3)) == 0,
    }
    kind = draw(st.sampled_from(sorted(LINKED.kinds)))
    return event(LINKED, head, kind, {"to": draw(st.sampled_from(NUMBERS))})


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(links(), min_size=1, max_size=14), st.randoms(use_true_random=False))
def test_in_any_order_a_number_knows_those_that_lead_to_it_and_no_others(
    said: list[Event], draw: random.Random
) -> None:
    """Chains, rings, links to oneself, changed, withdrawn and restated while what they brought about is on its way."""
    city = Scattered(draw)
    told = said + draw.choices(said, k=2)
    draw.shuffle(told)
    for each in told:
        city.batch([each], "resident")
        city.receive(draw.randrange(4))
    city.finish(max(INSTANTS))
    wanted = followed(standing({each.event_id: each for each in said}.values(), STATES, {}), {"links"})
    for number in NUMBERS:
        row = city.rows["resident"].get(number) or ALL_VIEWS["resident"].row(number)
        known = wanted.get(number)
        assert row.joined_to == (known.joined_to if known else None)
        assert [(list(path), facts.id) for path, facts in row.linked] == [
            (entry["path"], entry["facts"]["id"]) for entry in (known.linked if known else ())
        ]
        for path, facts in row.linked:
            assert plain(facts.links) == plain(city.rows["resident"][path[0]].links), "as they are there now"


class Register(History):
    """As `History`, with the police's word on numbers."""

    def linked(
        self, old: str, new: str, record: str, on: str, kind: str = "NumberChanged", *, taken_back: bool = False
    ) -> None:
        self.say("resident", old, kind, record, on, taken_back=taken_back, to=new)

    def died(self, who: str, on: str) -> None:
        self.say("resident", who, "Death", f"sw-{who}", on, on=0)

    def members(self, household: str = "home") -> list[str]:
        while self.waiting:
            self.receive(len(self.waiting))
        row = self.rows["household"].get(household)
        return [] if row is None else [member.resident for member in row.members]


@pytest.fixture
def city() -> Register:
    return Register()


def test_a_changed_number_is_the_same_person(city: Register) -> None:
    city.moved_in("old")
    city.granted("old", "dibao", start="2025-02-01")
    assert city.members() == ["old"]
    city.linked("old", "new", "gl-1", "2025-03-01")
    assert city.members() == ["new"], "the household has one member still"
    person = city.rows["resident"]["new"]
    assert (person.name, person.dwelling, person.also) == ("old", "flat", ("old",))
    assert city.rows["resident"]["old"].joined_to == "new"
    city.died("new", on="2025-04-01")
    assert city.at("2025-04-02") == [(BENEFIT_FOR_DEAD.name, "case-old")], "a grant of one number, a death of the other"
    assert city.said[-1].subject == "new"


def test_a_finding_goes_with_the_person_and_comes_back_when_the_link_was_a_mistake(city: Register) -> None:
    city.moved_in("old")
    city.say("resident", "old", "Pressed", "call-1", "2025-02-01", button="sos", device="w", lon=None, lat=None)
    assert city.at("2025-02-01") == [(SOS.name, "call-1")]
    city.linked("old", "new", "gl-1", "2025-03-01")
    assert city.at("2025-03-01") == [(SOS.name, "call-1")]
    assert sorted((alert.subject, alert.state) for alert in city.alerts.values()) == [
        ("new", "opened"),
        ("old", "resolved"),
    ]
    ended = next(alert for alert in city.alerts.values() if alert.subject == "old")
    assert (ended.resolution_zh, ended.resolution_en) == JOINED
    assert (ended.domain, ended.severity) == ("sos", "urgent"), "who saw it opened sees it end"
    city.linked("old", "new", "gl-1", "2025-03-02", taken_back=True)
    assert city.at("2025-03-02") == [(SOS.name, "call-1")]
    assert sorted((alert.subject, alert.state) for alert in city.alerts.values()) == [
        ("new", "resolved"),
        ("old", "opened"),
    ]
    assert city.rows["resident"]["new"].linked == ()
    assert city.members() == ["old"]


def test_a_newborn_is_known_by_its_certificate_until_it_has_a_number(city: Register) -> None:
    city.moved_in("certificate")
    city.linked("certificate", "number", "gn-1", "2025-03-01", kind="NumberGiven")
    city.say("resident", "number", "Contact", "c-1", "2025-04-01", phone="1")
    person = city.rows["resident"]["number"].whole()
    assert (person.name, len(person.contact)) == ("certificate", 1)
    assert city.members() == ["number"]


def test_a_chain_leads_to_its_end_and_who_changes_back_is_found_at_the_first_number(city: Register) -> None:
    city.moved_in("one")
    city.linked("one", "two", "gl-1", "2025-02-01")
    city.linked("two", "three", "gl-2", "2025-03-01")
    assert city.members() == ["three"]
    assert city.rows["resident"]["three"].also == ("one", "two")
    city.linked("three", "one", "gl-3", "2025-04-01")
    assert city.members() == ["one"], "the newest link of the ring says which number it is"
    assert city.rows["resident"]["one"].also == ("three", "two")
    city.linked("two", "three", "gl-2", "2025-04-02", taken_back=True)
    assert city.members() == ["two"], "three leads to one, one to two"


def test_a_link_to_itself_leads_nowhere_and_ends_an_older_one(city: Register) -> None:
    city.moved_in("one")
    city.linked("one", "one", "gl-1", "2025-02-01")
    assert city.members() == ["one"]
    city.linked("one", "two", "gl-2", "2025-03-01")
    assert city.members() == ["two"]
    city.linked("one", "one", "gl-3", "2025-04-01")
    assert city.members() == ["one"]
    assert city.rows["resident"]["two"].linked == ()


def test_what_comes_by_the_number_itself_is_refused(city: Register) -> None:
    """While a ring comes to rest each says to the next what it has: nothing may go round."""
    city.moved_in("one")
    city.linked("one", "two", "gl-1", "2025-02-01")
    resident = ALL_VIEWS["resident"]
    said = resident.contribute(city.rows["resident"]["one"])["resident"]["two"]
    (own,) = said.numbers
    around = said._replace(numbers=(own, own._replace(path=("three", "two"))))
    assert [entry.path for entry in resident.receive(resident.row("two"), "one", around).linked] == [("one",)]
    assert resident.receive(resident.row("one"), "one", said).linked == ()


def test_a_record_restated_under_the_new_number_is_the_same_record(city: Register) -> None:
    """The register corrects under the number that it has now what it wrote under the old one."""
    city.moved_in("old")
    moved: Change = {"household": "there", "dwelling": None, "address": "2", "relation": "head", "collective": False}
    city.say("resident", "new", "MovedIn", "hj-old", "2025-02-01", name="new", sex="female", born=0, **moved)
    assert (city.members("home"), city.members("there")) == (["old"], ["new"]), "two people, as far as anybody knows"
    city.linked("old", "new", "gl-1", "2025-03-01")
    assert (city.members("home"), city.members("there")) == ([], ["new"])
    assert len(city.rows["resident"]["new"].whole().residence) == 1


def test_a_car_transferred_between_ones_own_numbers_is_still_ones_own(city: Register) -> None:
    city.moved_in("old")
    city.granted("old", "dibao", start="2025-02-01")
    city.registered("old", "A1", "car", "2025-02-02")
    for who in ("old", "new"):
        sold: Change = {"vehicle_kind": "car", "from_owner": "old", "to_owner": "new"}
        city.say("resident", who, "Transferred", "A1", "2025-03-01", **sold)
    city.linked("old", "new", "gl-1", "2025-03-02")
    assert city.at("2025-03-03") == [(CAR_AND_BENEFIT.name, "A1")]
    for who in ("new", "he"):
        sold = {"vehicle_kind": "car", "from_owner": "new", "to_owner": "he"}
        city.say("resident", who, "Transferred", "A1", "2025-04-01", **sold)
    assert city.at("2025-04-02") == []


def test_nobody_judges_a_number_that_leads_away(city: Register) -> None:
    rows: dict[str, Any] = city.rows["resident"]
    city.moved_in("old")
    city.linked("old", "new", "gl-1", "2025-03-01")
    city.say("resident", "old", "Pressed", "call-1", "2025-03-02", button="sos", device="w", lon=None, lat=None)
    assert city.at("2025-03-02") == [(SOS.name, "call-1")]
    assert [alert.subject for alert in city.alerts.values()] == ["new"]
    assert ALL_VIEWS["resident"].judged(rows["old"]) is None
    assert rows["old"].bookkeeping.findings == ()
