"""Somebody of the household has a car, and the household draws the minimum allowance or lives in public rental housing.

Guangdong's check of a household's economy allows no motor vehicle but a disabled person's scooter, a fuel motorcycle
or an e-bike (docs/glossary.md, "economic check"). A person decides; nothing is stopped by program (PIPL Art. 24).
"""

from collections.abc import Iterator

from domain.checks import HARDSHIP_SEEN, HOUSEHOLD_MET
from domain.keys import itself
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import working_days
from domain.views.household import Household, next_turn

ALLOWED = {"disability_scooter", "motorcycle", "e_bike"}
CHECKED = {
    "dibao": Text("低保", "the minimum allowance"),
    "public_rental": Text("公共租赁住房", "public rental housing"),
}


def check(home: Household, now: int) -> Iterator[Finding]:
    drawn = [p for p in home.programmes_in_force(now) if p.programme in CHECKED]
    if not drawn:
        return
    names = [CHECKED[programme] for programme in sorted({p.programme for p in drawn}, key=itself)]
    why = Text(
        f"家庭成员名下有机动车，同时享受{'、'.join(name.zh for name in names)}",
        f"a member owns a motor vehicle while the household draws {' and '.join(name.en for name in names)}",
    )
    for vehicle in home.vehicles():
        if vehicle.vehicle_kind not in ALLOWED:
            yield Finding(vehicle.source.record, why, (vehicle.source, *(p.source for p in drawn)))


def look_again(home: Household, now: int) -> int | None:
    return next_turn((p for p in home.programmes() if p.programme in CHECKED), now)


RULE = Rule(
    "car-and-benefit",
    title=Text("有车家庭领取救助", "car and benefit"),
    view="household",
    version=1,
    severity="today",
    domain="benefits",
    respond_within=working_days(3),
    check=check,
    look_again=look_again,
    resolved=Text("车辆或保障已不再属于该家庭", "the vehicle or the benefit is no longer with the household"),
    checks=(
        HOUSEHOLD_MET,
        Check("car_in_use", Text("车辆在用？", "Is the car in use?")),
        Check("car_is_theirs", Text("车辆属本户？", "Is the car theirs?")),
        HARDSHIP_SEEN,
    ),
)
