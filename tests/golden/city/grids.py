"""Urban management and the weather: facilities and their hazards by grid, warnings by district."""

from tests.golden.city.said import DAY, EAST_8, FIRST, Change
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
    for at, district in enumerate(("440103", "440104", "440105")):
        rained_long_ago(town, at, district)


def rained_long_ago(town: Town, at: int, district: str) -> None:
    """A warning that nobody lifted, and doors of which nothing was said since either: all older than going live."""
    rain = {"hazard": "rain", "level": "red", "rainfall_mm": None, "until": None}
    town.say("weather.warning", "WarningIssued", district, f"YJ9{at:04d}", town.day(FIRST, FIRST + 300), rain)
    for door in range(4):
        home, day = f"DX{at:03d}{door:04d}", town.day(FIRST, FIRST + 300)
        entry: Change = {
            "grid": f"{district}001001{1 + door % 2:03d}",
            "address": f"老街{door}号",
            "floor_area_m2": 40.0,
            "use": "residential",
            "district": district,
            "lon": None,
            "lat": None,
        }
        town.say("housing.dwelling-register", "DwellingRegistered", home, f"FX{at:03d}{door:03d}", day, entry)
        grade: Change = {"grade": "D", "on": day}
        town.say("housing.dwelling-safety", "Graded", home, f"JX{at:03d}{door:03d}", day, grade)


def installed(town: Town, facility: str, grid: str) -> None:
    what = town.random.choice(("井盖", "路灯", "广告牌", "行道树"))
    place: Change = {"address": town.random.choice((None, "示例街口"))} | town.point()
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
