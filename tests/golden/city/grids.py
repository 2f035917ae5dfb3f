"""Urban management and the weather: facilities and their hazards by grid, warnings by district."""

from tests.golden.city.said import DAY, EAST_8, Change
from tests.golden.city.town import Town

GRIDS = [f"440113{street:03d}{of:03d}{at:03d}" for street in (1, 2, 3) for of in (1, 2, 3, 4) for at in range(1, 10)]
"""Where the dwellings of the golden city lie."""
DISTRICTS = ("440113", "440113", "440113", "440106")


def tell(town: Town) -> None:
    facilities = [(f"BJ{at:05d}", town.random.choice(GRIDS)) for at in range(20 + len(town.numbers) // 25)]
    for facility, grid in facilities:
        installed(town, facility, grid)
    for at in range(len(facilities)):
        hazard(town, f"AJ{at:05d}", *town.random.choice(facilities))
    for at in range(20 + len(town.numbers) // 100):
        warning(town, f"YJ{at:05d}", town.random.choice(DISTRICTS))


def installed(town: Town, facility: str, grid: str) -> None:
    what = town.random.choice(("井盖", "路灯", "广告牌", "行道树"))
    place: Change = {
        "address": town.random.choice((None, "示例街口")),
        "lon": town.random.choice((None, 113.36)),
        "lat": town.random.choice((None, 22.94)),
    }
    kind = town.random.choice(("public_utility", "road_traffic", "city_appearance", "greening"))
    change = {"facility": facility, "facility_kind": kind, "what": what} | place
    town.say("urban-management.facility", "FacilityInstalled", grid, facility, town.day(), change)


def hazard(town: Town, report: str, facility: str, grid: str) -> None:
    topic, reported = "urban-management.facility", town.day()
    said: Change = {"facility": facility, "hazard": town.random.choice(("破损", "缺失")), "urgent": town.some(0.3)}
    town.say(topic, "HazardReported", grid, report, reported, said)
    if town.some(0.7):
        repaired = town.day(reported)
        town.say(topic, "HazardRepaired", grid, report, repaired, {"on": repaired})


def warning(town: Town, number: str, district: str) -> None:
    topic, issued = "weather.warning", town.day()
    ends = (issued + town.random.choice((1, 2, 400))) * DAY - EAST_8
    change = {
        "hazard": town.random.choice(("rain", "rain", "typhoon", "heat", "thunder")),
        "level": town.random.choice(("blue", "yellow", "orange", "red")),
        "rainfall_mm": town.random.choice((None, 63.5)),
        "until": ends if town.some(0.5) else None,
    }
    town.say(topic, "WarningIssued", district, number, issued, change)
    if town.some(0.5):
        town.say(topic, "WarningLifted", district, number, issued + town.random.randrange(-1, 3), {})
