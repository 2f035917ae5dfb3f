"""Schools: every child but a few, and some grown-ups' degrees."""

from collections.abc import Iterator
from datetime import date, timedelta

from demo.city import Building, DemoCity
from demo.draw import Draw
from demo.registers import Register, TopicStatement, statement
from domain.codes import DISTRICTS

TOPIC = "education.enrolment"
STAGES = ((3, "kindergarten", "幼儿园"), (6, "primary", "小学"), (12, "junior", "初级中学"), (15, "senior", "高级中学"))
"""From which age, and what the school is called."""


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    draw = Draw("education", city.seed, building.position)
    term = date(city.today.year - (city.today.month < 9), 9, 1)
    district = DISTRICTS[building.grid[:6]][0]
    for number, person in enumerate(building.people):
        age, record = person.age(term), f"学籍{building.position:06d}-{number}"
        if 3 <= age < 18 and not (building.position % 45 == 3 and age >= 6):
            _, stage, kind = next(level for level in reversed(STAGES) if age >= level[0])
            school = f"{district}示例第{building.position % 20 + 1}{kind}"
            yield statement(
                TOPIC, "Enrolled", record, person.number, term, school=school, stage=stage, effective_from=term
            )
        elif age >= 24 and draw.one_in(5):
            on = person.born + timedelta(days=22 * 365 + 200)
            degree = draw.of(("bachelor", "bachelor", "bachelor", "master", "doctor"))
            school = "示例大学"
            yield statement(TOPIC, "DegreeAwarded", record, person.number, on, degree=degree, school=school, on=on)


REGISTER = Register("education", say)
