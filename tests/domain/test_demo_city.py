"""The demo city: its files are what the departments' readers expect, its map has no gaps, something is amiss in it."""

from collections import Counter
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from citygrid.demo.day import DAY_IN_THE_LIFE, Day
from citygrid.demo.people import DemoCity
from citygrid.demo.places import Places, Point
from citygrid.demo.play import write
from domain.event import Event
from domain.time import DAY, midnight
from producers import departments
from runtime.contracts import contracts
from runtime.discover import discover
from runtime.publish.columns import Department
from runtime.publish.file import Good, Rehearsal, lines
from runtime.publish.reading import ExportFile
from runtime.settings import Settings
from tests.golden.in_memory import ALL_RULES, City

TODAY = date(2026, 3, 2)
NOON = midnight((TODAY - date(1970, 1, 1)).days) + DAY // 2
DEPARTMENTS = discover(departments.__name__, "DEPARTMENT", Department)


def area(ring: list[Point]) -> float:
    """Twice the signed area: positive if anticlockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))


def inside(point: Point, ring: list[Point]) -> bool:
    """Whether a convex or concave ring holds the point, by crossings."""
    crossed = False
    for (ax, ay), (bx, by) in pairwise(ring):
        if (ay > point[1]) != (by > point[1]) and point[0] < (bx - ax) * (point[1] - ay) / (by - ay) + ax:
            crossed = not crossed
    return crossed


@pytest.mark.parametrize("seed", range(5))
def test_grids_tile_their_communities_streets_and_the_district(seed: int) -> None:
    areas = {each.code: each for each in Places(seed).areas}
    assert Counter(map(len, areas)) == {6: 1, 9: 2, 12: 6, 15: 24}
    for code, each in areas.items():
        assert each.ring[0] == each.ring[-1]
        assert area(each.ring) > 0, "anticlockwise, as RFC 7946 wants it"
        inner = [other for longer, other in areas.items() if longer[:-3] == code]
        if inner:
            assert sum(area(other.ring) for other in inner) == pytest.approx(area(each.ring), rel=1e-9)
    grids = [each for code, each in areas.items() if len(code) == 15]
    for dwelling in Places(seed).dwellings(seed, 300):
        around = [each.code for each in grids if inside((dwelling.lon, dwelling.lat), each.ring)]
        assert around == [dwelling.grid]


def published(tmp_path: Path, city: DemoCity) -> list[Event]:
    door, events = Rehearsal(Settings(_env_file=None)), []
    for (department, export), rows in city.files.items():
        path = tmp_path / f"{export}.csv"
        write(path, rows)
        with ExportFile(path, None) as file:
            assert file.encoding == "gb18030"
            for line in lines(file, DEPARTMENTS[department], door):
                assert isinstance(line, Good), f"{export}: {line}"
                for topic, (event_id, said) in line.events:
                    head = (said.record, said.occurred_at, said.recorded_at, said.withdrawn, said.kind, said.change)
                    events.append(Event(event_id, department, topic, said.subject, *head))
    return events


def test_every_line_is_read_and_dozens_of_alerts_open_across_the_rules_and_grids(tmp_path: Path) -> None:
    made = DemoCity(11, 2_000, TODAY)
    events = published(tmp_path, made)
    assert len({event.subject for event in events if event.topic.startswith("police")}) == 2_000
    assert {event.topic for event in events} == set(contracts()) - {"grid.observation"}
    city = City()
    for event in events:
        city.batch([event], contracts()[event.topic].subject)
    visited = {lease.home.number for lease in made.leases if (TODAY - lease.start).days > 30}
    city.finish(NOON)
    standing = [alert for alert in city.alerts.values() if alert.state == "opened"]
    waiting = [a for a in standing if a.rule != "newly-let" or a.subject not in visited]
    rules = Counter(alert.rule for alert in waiting)
    assert set(rules) == set(ALL_RULES)
    assert 40 <= len(waiting) <= 120, rules
    assert min(rules.values()) >= 3, rules
    assert 1 <= sum(alert.severity == "urgent" for alert in waiting) <= len(waiting) // 3
    grid_of = {home.number: home.grid for home in (*made.homes, *made.rentals)}
    assert len({grid_of[alert.dwelling] for alert in waiting if alert.dwelling}) >= 15


def test_the_same_seed_is_the_same_city_and_another_is_another() -> None:
    assert DemoCity(1, 200, TODAY).files == DemoCity(1, 200, TODAY).files
    assert DemoCity(1, 200, TODAY).files != DemoCity(2, 200, TODAY).files


def test_each_change_of_the_day_is_a_line_that_its_department_could_have_written(tmp_path: Path) -> None:
    city, door = DemoCity(11, 300, TODAY), Rehearsal(Settings(_env_file=None))
    day = Day(city, 11)
    titles = set()
    for number in range(60):
        happened = day.change(number, datetime(2026, 3, 2, 12, 0, number))  # noqa: DTZ001 - the city's own time
        titles.add(happened.title)
        if happened.cells:
            path = tmp_path / f"{number}.csv"
            write(path, [happened.cells])
            with ExportFile(path, "gb18030") as file:
                (line,) = lines(file, DEPARTMENTS[happened.department], door)
            assert isinstance(line, Good), f"{happened.title}: {line}"
        else:
            assert happened.visited
    assert titles == set(DAY_IN_THE_LIFE)
