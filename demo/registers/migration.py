"""Migrants: when they arrived, why, and until when their residence permit lasts."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity
from demo.draw import Draw
from demo.registers import Register, TopicStatement, statement

TOPIC = "migration.residence"
ORIGINS = ("外省样本市", "外省示例县", "本省样本县")


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    draw = Draw("migration", city.seed, building.position)
    for number, (lease, person) in enumerate(building.migrants):
        record = f"来穗{building.position:06d}-{number}"
        yield statement(
            TOPIC,
            "Arrived",
            record,
            person.number,
            lease.start,
            name=person.name,
            sex=person.sex,
            born=person.born,
            origin=draw.of(ORIGINS),
            dwelling=lease.home.number,
            purpose=draw.of(("work", "work", "work", "study", "family")),
            phone=person.phone,
        )
        if not draw.one_in(4):
            ends = draw.between(3, 6) if building.position % 15 == 4 and number == 0 else draw.between(20, 330)
            until = city.today + timedelta(days=ends)
            start = until - timedelta(days=365)
            yield statement(
                TOPIC, "PermitIssued", f"{record}-证", person.number, start, effective_from=start, until=until
            )


REGISTER = Register("migration", say)
