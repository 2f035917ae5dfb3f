"""Employment and social insurance of most who could work, and what their employers pay."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from demo.city import Building, DemoCity, Person, credit_code
from demo.draw import Draw
from demo.registers import Register, TopicStatement, statement

OCCUPATIONS = ("店员", "司机", "工人", "会计", "教师", "保洁", "程序员")


class Job(NamedTuple):
    """`employer`: its credit code."""

    record: str
    who: Person
    employer: str
    since: date


def employed(city: DemoCity, building: Building) -> Iterator[Job]:
    """Who works, and where."""
    draw = Draw("employment", city.seed, building.position)
    for number, person in enumerate(building.people):
        if 22 <= person.age(city.today) < 60 and not draw.one_in(4):
            employer = credit_code(city.neighbour(building.position, draw))
            since = city.today - timedelta(days=draw.between(60, 300))
            yield Job(f"就业{building.position:06d}-{number}", person, employer, since)


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    draw = Draw("social security", city.seed, building.position)
    for job in employed(city, building):
        who = job.who.number
        does = draw.of(OCCUPATIONS)
        since = job.since
        hired = {"employer": job.employer, "occupation": does, "effective_from": since}
        yield statement("social-security.employment", "Employed", job.record, who, since, **hired)
        for scheme in ("pension", "medical"):
            insured = {"scheme": scheme, "employer": job.employer, "effective_from": since}
            record = f"参保{job.record[2:]}-{scheme}"
            yield statement("social-security.insurance", "Insured", record, who, since, **insured)
    if company := building.company:
        topic, record, insured_persons = "social-security.employer-insurance", f"单位{building.position:06d}", 3
        since = company.founded + timedelta(days=30)
        of = {"insured_persons": insured_persons}
        yield statement(topic, "EmployerInsured", record, company.code, since, **of, effective_from=since)
        month = city.today.replace(day=1) - timedelta(days=1)
        amount = insured_persons * draw.between(600, 1_500) * 100
        values = {"period": f"{month:%Y-%m}", "amount_fen": amount}
        if building.position % 23 == 11:
            yield statement(topic, "ContributionArrears", f"{record}-{month:%Y%m}", company.code, month, **values)
        else:
            yield statement(topic, "ContributionPaid", f"{record}-{month:%Y%m}", company.code, month, **values, **of)


REGISTER = Register("social-security", say)
