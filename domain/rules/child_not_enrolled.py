"""A child of school age lives in the city, on no school's roll. Source: docs/decisions/0020-stays-and-schools.md"""

from collections.abc import Iterator
from datetime import date, timedelta

from domain.checks import WANTS_HELP
from domain.facts import current
from domain.keys import itself
from domain.living import holds, next_of, turns
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import working_days
from domain.time import DAY, day_of, midnight
from domain.views.resident import Resident

FROM_AGE, UNTIL_AGE = 6, 15
"""Years on 1 September; the latter is not included. Source: docs/decisions/0020-stays-and-schools.md"""
NOT_SCHOOL = {"kindergarten"}
_EPOCH = date(1970, 1, 1)
_OLDEST = (UNTIL_AGE + 2) * 366


def check(child: Resident, now: int) -> Iterator[Finding]:
    born = _school_age(child, now)
    if born is None:
        return
    year = _school_year(now)
    if not _first_year(born, FROM_AGE) <= year < _first_year(born, UNTIL_AGE):
        return
    schools = [place for place in child.enrolments_held() if place.stage not in NOT_SCHOOL]
    person = current(child.person)
    if person is None or any(holds(place, now) for place in schools):
        return
    registered = child.registered or child.stay
    if registered is not None:
        last = max(schools, key=lambda place: (place.effective_from, place.because), default=None)
        because = (person.source, registered.source, *(last.because if last else ()))
        why = Text(
            f"{year} 学年满 {FROM_AGE} 至 {UNTIL_AGE} 周岁，无在读学籍",
            f"of school age in the school year {year}, on no school's roll",
        )
        yield Finding(f"{person.record} {year}", why, tuple(sorted(set(because), key=itself)), arose=_looked_at(year))


def look_again(child: Resident, now: int) -> int | None:
    born = _school_age(child, now)
    if born is None:
        return None
    first, last, year = _first_year(born, FROM_AGE), _first_year(born, UNTIL_AGE), _school_year(now)
    if year >= last:
        return None
    schools = turns(child.enrolments_held()) if year >= first else ()
    return next_of((_looked_at(max(first, year + 1, key=itself)), *schools), now)


def _school_age(child: Resident, now: int) -> int | None:
    """The day of birth of somebody who is or will be of school age; None for all others, and quickly for most."""
    born = child.born
    if born is None or now // DAY - born > _OLDEST or child.died_on is not None:
        return None
    return born


def _first_year(born: int, age: int) -> int:
    """The first school year by whose 1 September somebody born on the day `born` has turned `age`."""
    day = _EPOCH + timedelta(days=born)
    return day.year + age + (day.month >= 9)


def _school_year(now: int) -> int:
    """The school year whose rolls are complete at `now`: schools have a month to write down whom they took."""
    day = _EPOCH + timedelta(days=day_of(now))
    return day.year - (day.month < 10)


def _looked_at(year: int) -> int:
    """The instant from which the rolls of the school year are asked: 1 October."""
    return midnight((date(year, 10, 1) - _EPOCH).days)


RULE = Rule(
    "child-not-enrolled",
    title=Text("适龄儿童未入学", "school-age child not enrolled"),
    view="resident",
    version=1,
    severity="planned",
    domain="education",
    respond_within=working_days(10),
    check=check,
    look_again=look_again,
    resolved=Text("已有在读学籍，或不再适龄、不在本市", "on a school's roll, or no longer of that age or in the city"),
    needs=frozenset({"education.enrolment"}),
    checks=(
        Check("child_met", Text("见到孩子？", "Was the child met?")),
        Check("at_another_school", Text("已在别处就读？", "At school elsewhere?")),
        WANTS_HELP,
    ),
)
