"""The household register: everybody moved in once, some telephones and kin are known, some died; and whose number was
given or changed."""

from collections.abc import Iterator
from datetime import date, timedelta

from demo.city import Building, DemoCity, Person, former_number
from demo.draw import Draw
from demo.registers import Day, Register, TopicStatement, statement
from demo.registers.civil_affairs import cases
from demo.registers.health import newborns

TOPIC = "police.household-registration"
LINKED = "police.identity-linked"
RELATIONS = {"户主": "head", "配偶": "spouse", "子": "child", "女": "child", "母亲": "parent"}


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    draw = Draw("police", city.seed, building.position)
    for household in building.households:
        came = city.today - timedelta(days=draw.between(400, 6_000))
        for index, person in enumerate(household.people):
            record, when = f"户{household.position:07d}-{index}", max(came, person.born + timedelta(days=20))
            yield statement(
                TOPIC,
                "MovedIn",
                record,
                person.number,
                when,
                name=person.name,
                sex=person.sex,
                born=person.born,
                household=household.number,
                dwelling=household.home.number,
                address=household.home.address,
                relation=RELATIONS[person.relation],
            )
            if person.relation in ("户主", "配偶"):
                yield statement(TOPIC, "Contact", f"{record}-L", person.number, when, phone=person.phone)
            if person.relation in ("子", "女"):
                head = household.people[0].number
                yield statement(TOPIC, "Kinship", f"{record}-Q", person.number, when, relative=head, relation="parent")
    dead = [case.who for case in cases(building) if case.position % 14 == 3]  # whose benefit nobody has stopped
    dead += [household.people[-1] for household in building.households if household.position % 60 == 5]
    for person in dict.fromkeys(dead):
        on = city.today - timedelta(days=draw.between(1, 60))
        yield died(person, f"死{building.position:06d}-{person.number[14:17]}", on, on)
    for household in building.households:
        for certificate, child in newborns(city, household):
            when = child.born + timedelta(days=20)
            yield statement(LINKED, "NumberGiven", f"编号{certificate}", certificate, when, to=child.number)
    if building.position % 40 == 7:
        who = building.households[0].people[0]
        old, when = former_number(building.position, who), city.today - timedelta(days=draw.between(30, 900))
        yield statement(LINKED, "NumberChanged", f"变更{building.position:06d}", old, when, to=who.number)


def died(person: Person, record: str, on: date, when: Day) -> TopicStatement:
    """A death is registered."""
    return statement(TOPIC, "Death", record, person.number, when, on=on)


REGISTER = Register("police", say)
