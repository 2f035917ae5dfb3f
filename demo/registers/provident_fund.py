"""Housing provident fund: accounts and last month's deposits of half of those who work."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity
from demo.draw import Draw
from demo.registers import Register, TopicStatement, statement
from demo.registers.social_security import employed

TOPIC = "provident-fund.account"


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    draw = Draw("provident fund", city.seed, building.position)
    month = city.today.replace(day=1) - timedelta(days=1)
    for job in employed(city, building):
        if draw.one_in(2):
            since, who = job.since + timedelta(days=30), job.who.number
            record = f"公积金{job.record[2:]}"
            yield statement(TOPIC, "AccountOpened", record, who, since, employer=job.employer, effective_from=since)
            amount = draw.between(300, 3_000) * 100
            deposit = f"{record}-{month:%Y%m}"
            yield statement(TOPIC, "Deposited", deposit, who, month, period=f"{month:%Y-%m}", amount_fen=amount)


REGISTER = Register("provident-fund", say)
