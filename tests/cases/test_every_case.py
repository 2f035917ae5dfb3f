"""Every case of what offices hand over, through its real door to the row: `tests/cases/NN` holds the files of a case.

All are published in their order into one city whose stages read them. A case says what must come of its files at the
door, and then what the rows must hold. The cases without files are faults of what runs: `ELSEWHERE`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from demo.sheets import READERS
from domain.time import CITY
from producers.publish.columns import ExportUnknown
from producers.publish.export_lines import FileRefused
from producers.publish.publication import Full, Publication
from producers.publish.publisher import PublishRefused
from producers.publish.report import Report
from runtime.settings import CHECKOUT
from tests.integration.publish.test_publish import as_process
from tests.integration.stages.conftest import DAY, Stages, stages
from wire.pseudonym import Pseudonyms
from wire.values.days import EPOCH_DAY

__all__ = ["stages"]

CASES = Path(__file__).parent
TODAY = datetime.now(CITY).date()
#: The cases' files state what happened in the days before the day on which they were found.
NOVEMBER = 20_780 * DAY
ELSEWHERE = {
    "18": ("tests/integration/publish/test_department_outbox.py", "tests/integration/api/test_api_stream.py"),
    "19": ("tests/integration/publish/test_department_outbox.py",),
    "20": ("tests/integration/doors/test_gateway.py", "tests/integration/api/test_api_restart.py"),
}
VIEWS = ("resident", "dwelling", "household")
IDLE_S = 10.0
"""How long a publication of 16 lines may take in a city that has nothing else to do, on a machine that has."""


class City:
    """The city after all files: what the door said of each, and the rows."""

    def __init__(self, stages: Stages, folder: Path) -> None:
        self.stages = stages
        self.folder = folder
        self.reports: dict[str, Report | str] = {}
        self._pseudonyms = Pseudonyms.of(stages.settings)

    def publish(self, department: str, name: str, *, full: bool = False, wait: float = 0.0) -> None:
        """Publish a file by the code of the command; a file that is refused leaves the sentence."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        shutil.copy(CASES / name, path)
        path.write_bytes(path.read_bytes().replace(b"@TODAY@", TODAY.isoformat().encode()))
        publication = Publication(self.stages.settings, READERS[department], wait=wait)
        made = Full(time.time_ns() // 1000) if full else None
        try:
            self.reports[name] = publication.of(path, lambda _: lambda *_: None, made)
        except (FileRefused, ExportUnknown, PublishRefused) as refused:
            self.reports[name] = str(refused)

    def report(self, name: str) -> Report:
        report = self.reports[name]
        assert isinstance(report, Report), report
        return report

    def all_published(self, name: str) -> bool:
        return not self.report(name).rejected and self.report(name).events.total() > 0

    def refused(self, name: str, sentence: str) -> bool:
        report = self.reports[name]
        assert isinstance(report, str), "the file was published"
        return sentence in report

    def rejected(self, name: str) -> list[tuple[str, str, int]]:
        """(column, reason, lines) of a file of which no line may be published."""
        assert not self.report(name).events
        return [(column, reason, count) for (column, reason), count in self.report(name).rejected.items()]

    def resident(self, number: str) -> dict[str, Any]:
        return self.stages.row("resident", self._pseudonyms.of_number(number)) or {}

    def dwelling(self, number: str) -> dict[str, Any]:
        return self.stages.row("dwelling", number) or {}

    def residents(self) -> Iterator[dict[str, Any]]:
        return self._rows("resident")

    def dwellings(self) -> Iterator[dict[str, Any]]:
        return self._rows("dwelling")

    def residents_of(self, records: str) -> list[dict[str, Any]]:
        """The residents whose registration's record begins so, in its order."""
        known = [(s["record"], row) for row in self.residents() for s in row["residence"]]
        return [
            row for record, row in sorted(known, key=lambda one: (len(one[0]), one[0])) if record.startswith(records)
        ]

    def _rows(self, view: str) -> Iterator[dict[str, Any]]:
        rows = (self.stages.row(view, key.decode()) for key in list(self.stages.topics.newest[f"rows.{view}"]))
        return (row for row in rows if row is not None)


def standing(row: dict[str, Any], fact: str) -> list[Any]:
    """The values of a fact that nobody has withdrawn."""
    return [statement["value"] for statement in row.get(fact, ()) if not statement["withdrawn"]]


def changed_codes(city: City) -> None:
    for name in ("01/housing.csv", "01/police.csv"):
        assert all("was changed by a spreadsheet" in reason for _, reason, _ in city.rejected(name))
    assert not city.dwelling("4.40113E+18")


def rounded_numbers(city: City) -> None:
    assert city.refused("02/police.csv", "identity numbers end in 000")
    assert not city.residents_of("HK-B02")


def invisible_characters(city: City) -> None:
    assert city.all_published("03/police.csv")
    assert [row["dwelling"] for row in city.residents_of("HK-B03")] == ["D-B03-1"] * 5
    assert city.dwelling("D-B03-1")["grid"] == "440113001001003"


def decorated_names(city: City) -> None:
    assert [row["dwelling"] for row in city.residents_of("HK-B04")] == ["D-B03-1"] * 2


def relations(city: City) -> None:
    known = [standing(row, "residence")[0]["relation"] for row in city.residents_of("HK-B05")]
    assert known[:10] == ["head", "spouse", "spouse", *["child"] * 7]
    assert known[10:] == [
        *(*["grandchild"] * 3, *["parent"] * 2, "grandparent", *["sibling"] * 4, "other", "other"),
        *("child", "child", "other", "other", "parent", "other", "parent", "head"),
    ]


def vehicles(city: City) -> None:
    kinds: list[tuple[str, str]] = []
    for row in city.residents():
        kinds += [
            (s["record"], s["value"]["vehicle_kind"]) for s in row["vehicles"] if s["record"].startswith("粤AB06")
        ]
    assert [kind for _, kind in sorted(kinds)] == [
        *(*["car"] * 7, *["truck"] * 3, "bus", *["motorcycle"] * 2, "car", "car", "truck", "motorcycle")
    ]


def other_documents(city: City) -> None:
    assert city.all_published("07/housing.csv")
    assert len(standing(city.dwelling("D-B03-1"), "leases")) == 3
    (marriage,) = standing(city.resident("99000019900707701X"), "marriage")
    assert marriage["spouse"] == Pseudonyms.of(city.stages.settings).of_number("passport:G12345678")


def case_numbers(city: City) -> None:
    assert city.all_published("08/civil.csv")
    granted = {s["record"] for row in city.residents() for s in row["grants"]}
    assert len([record for record in granted if record.startswith("44011320261101")]) == 66


def card_numbers(city: City) -> None:
    assert city.rejected("09/cards.csv") == [
        ("受理编号", "holds an identity number, which only identity fields may", 3)
    ]


def same_day(city: City) -> None:
    stated = [s for row in city.residents() for s in row["contact"] if s["record"].startswith("HK-B11")]
    held = sorted(statement["value"] for statement in stated)
    assert held == [f"139000000{index:02d}" for index in range(16)]


def last_day(city: City) -> None:
    (lease,) = standing(city.dwelling("D-B12-1"), "leases")
    assert lease["until"] == (TODAY + timedelta(days=1) - EPOCH_DAY).days


def open_ends(city: City) -> None:
    granted = [s for row in city.residents() for s in row["grants"] if s["record"].startswith("JZ-B13")]
    assert [statement["value"]["until"] for statement in granted] == [None] * 7


def every_form(city: City) -> None:
    for name in ("14/array.json", "14/mac.csv", "14/sep.csv", "14/title.csv", "14/two-boms.csv", "14/excel-97.xls"):
        assert city.all_published(name)
    assert city.refused("14/html.xls", "it lacks 业务类型")
    for name in ("14/户籍变动.xls", "14/户籍变动.xlsx"):
        assert city.refused(name, "open it, save it again")
    assert set(standing(city.resident("990000199302030011"), "contact")) == {"13800000014"}


def column_twice(city: City) -> None:
    assert city.refused("15/police.csv", "公民身份号码 stands 2 times")
    assert not city.resident("990000199403040016")


def coordinates(city: City) -> None:
    assert [(column, count) for column, _, count in city.rejected("17/housing.csv")] == [("经度", 2), ("建筑面积", 1)]


def cut_snapshot(city: City) -> None:
    assert city.all_published("27/full.csv")
    assert city.refused("27/cut.csv", "197 of 200 known statements")
    graded = [standing(row, "grades") for row in city.dwellings() if row["id"].startswith("D-B27-")]
    assert [grade["grade"] for (grade,) in graded] == ["D"] * 200


def quoted_head(city: City) -> None:
    assert standing(city.resident("99000019790501007X"), "contact") == ["13800000029"]


def moved_on_one_day(city: City) -> None:
    homes = sorted(row["household"] for row in city.residents() if (row["household"] or "").startswith("H-B30"))
    assert homes == sorted(f"H-B30-new-{n}" for n in range(1, 17))


def corrected_subject(city: City) -> None:
    let = [house for house in ("D-B33-1", "D-B33-2") if standing(city.dwelling(house), "leases")]
    assert let == ["D-B33-2"]
    owned = {
        who: any(vehicle["owned"] for vehicle in standing(city.resident(who), "vehicles"))
        for who in ("99000019950501007X", "990000199506010071")
    }
    assert owned == {"99000019950501007X": False, "990000199506010071": True}


class Case(NamedTuple):
    """The files of a case in the order in which they are published, as (department, file), and what must come of them.
    `full`: a file that is everything there is."""

    files: tuple[tuple[str, str], ...]
    right: Callable[[City], None]
    full: str = ""


HOUSING, POLICE, TRANSPORT, CIVIL = "housing", "police", "transport", "civil-affairs"
BY_NUMBER = {
    "01": Case(((HOUSING, "housing.csv"), (POLICE, "police.csv")), changed_codes),
    "02": Case(((POLICE, "police.csv"),), rounded_numbers),
    "03": Case(((HOUSING, "housing.csv"), (POLICE, "police.csv")), invisible_characters),
    "04": Case(((POLICE, "police-space.csv"), (POLICE, "police-stars.csv")), decorated_names),
    "05": Case(((POLICE, "police.csv"),), relations),
    "06": Case(((TRANSPORT, "transport.csv"),), vehicles),
    "07": Case(((HOUSING, "housing.csv"), (CIVIL, "marriage.csv")), other_documents),
    "08": Case(((CIVIL, "civil.csv"),), case_numbers),
    "09": Case((("disabled-federation", "cards.csv"),), card_numbers),
    "11": Case(((POLICE, "1-first.csv"), (POLICE, "2-corrected.csv")), same_day),
    "12": Case(tuple((HOUSING, f"{name}.csv") for name in ("housing", "housing2", "lease", "control")), last_day),
    "13": Case(((CIVIL, "civil.csv"),), open_ends),
    "14": Case(
        tuple(
            (POLICE, name)
            for name in (
                *("array.json", "mac.csv", "sep.csv", "title.csv", "two-boms.csv", "excel-97.xls", "html.xls"),
                *("户籍变动.xls", "户籍变动.xlsx"),
            )
        ),
        every_form,
    ),
    "15": Case(((POLICE, "police.csv"),), column_twice),
    "17": Case(((HOUSING, "housing.csv"),), coordinates),
    "27": Case(((HOUSING, "full.csv"), (HOUSING, "cut.csv")), cut_snapshot, full="cut.csv"),
    "29": Case(((POLICE, "police.csv"),), quoted_head),
    "30": Case(((POLICE, "police.csv"),), moved_on_one_day),
    "33": Case(
        (
            *((HOUSING, "housing.csv"), (HOUSING, "1-lease.csv"), (HOUSING, "2-lease-corrected.csv")),
            *((TRANSPORT, "3-car.csv"), (TRANSPORT, "4-car-corrected.csv")),
        ),
        corrected_subject,
    ),
}


def test_every_case_is_told_somewhere() -> None:
    folders = {path.name for path in CASES.iterdir() if path.is_dir() and path.name.isdecimal()}
    assert folders == {*BY_NUMBER, "28"}, "a folder of files that nobody publishes, or the other way round"
    assert all((CHECKOUT / place).is_file() for places in ELSEWHERE.values() for place in places)
    for number, case in BY_NUMBER.items():
        assert {name for _, name in case.files} == {path.name for path in (CASES / number).iterdir()}, number


@pytest.mark.timeout(900)
def test_every_case_from_its_door_to_the_row(stages: Stages, tmp_path: Path) -> None:
    stages.start(*VIEWS, "records")
    stages.tick(NOVEMBER)
    city = City(stages, tmp_path)
    for number, case in BY_NUMBER.items():
        for department, name in case.files:
            city.publish(department, f"{number}/{name}", full=name == case.full)
    for _ in range(2):  # what the index of records answers is read by the stages that asked it
        stages.settle(*VIEWS, "records")
    wrong = {}
    for number, case in BY_NUMBER.items():
        try:
            case.right(city)
        except (AssertionError, KeyError, ValueError) as failed:
            wrong[number] = f"{case.right.__name__}: {failed!r}"
    assert wrong == {}


@pytest.mark.timeout(600)
def test_case_28_a_publication_ends_when_the_stages_have_read_it(stages: Stages, tmp_path: Path) -> None:
    stages.start(*VIEWS, "records")
    stages.tick(NOVEMBER)
    file = tmp_path / "户籍变动.csv"
    shutil.copy(CASES / "28" / "ten-lines.csv", file)
    first = as_process(stages.settings, "police", str(file), "--wait", "120")
    assert first.returncode == 0, first.stderr
    stages.settle(*VIEWS)
    file.write_text(file.read_text("utf-8").replace(",138", ",137"), "utf-8")
    city = City(stages, tmp_path)
    began = time.monotonic()
    report = Publication(stages.settings, READERS["police"], wait=30).of(file, lambda _: lambda *_: None)
    assert (report.read_by_stages, report.held) == (True, 0)
    assert time.monotonic() - began < IDLE_S
    stages.settle(*VIEWS)
    phones = sorted(phone for row in city.residents() for phone in standing(row, "contact"))
    assert phones == [f"137000000{index:02d}" for index in range(16)]
