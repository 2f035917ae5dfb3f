"""A workbook, dropped into a watched folder, becomes a task; its rejected line is mended and comes through."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from domain.time import CITY
from runtime.settings import CHECKOUT, Settings
from tests.contracts.people import number
from tests.e2e.running import environment, until
from tests.e2e.whole_city import City, whole_city

GRID = "440113001001003"
DWELLINGS = ["登记编号", "房屋编码", "网格编码", "房屋地址", "建筑面积", "房屋用途", "行政区", "登记日期", "录入时间"]
LEASES = ["备案编号", "房屋编码", "业务类型", "出租人身份证号", "承租人身份证号", "起租日期", "发生日期", "录入时间"]
TASK = "SELECT t.state FROM city.task t JOIN city.alert a USING (finding_id) WHERE a.dwelling = %s"


@pytest.fixture
def city(settings: Settings, tmp_path: Path) -> Iterator[City]:
    with whole_city(settings, tmp_path) as running:
        running.draw(GRID, "003 格", "Grid 003")
        yield running


@pytest.mark.timeout(900)
def test_a_workbook_in_a_watched_folder_becomes_tasks_and_a_mended_line_comes_through(
    city: City, tmp_path: Path
) -> None:
    dropped, made = tmp_path / "dropped", tmp_path / "made.xlsx"
    dropped.mkdir()
    day = datetime.now(CITY).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(days=5)
    leases = [_lease(day, 1, number(1)), _lease(day, 2, number(2)[:-1] + "?")]
    with watching(city, dropped):
        _workbook(made, day, leases)
        shutil.copy(made, dropped / "租赁-1.xlsx")
        until(lambda: None if _report(dropped / "租赁-1.xlsx") else "no report", 120)
        report = _report(dropped / "租赁-1.xlsx")
        assert report["events"] == {"DwellingRegistered": 2, "Let": 1}
        assert report["rejected"] == [
            report["rejected"][0] | {"field": "承租人身份证号", "reason_zh": "有误：身份证号校验码不对", "lines": 1}
        ]
        assert (dropped / "租赁-1.xlsx.rejected.csv").stat().st_mode & 0o077 == 0
        assert city.wait_for("task", TASK, "D-1") == [("dispatched",)]
        waiting = city.wait_for(
            "rejected line", "SELECT source, record FROM city.rejected_line WHERE record = %s", "ZL-2"
        )
        assert waiting == [("租赁-1.xlsx", "ZL-2")], "its department sees it"
        assert city.select(TASK, "D-2") == []
    with watching(city, dropped):  # started again, it knows what it has published
        _workbook(made, day, [_lease(day, 2, number(2))])
        shutil.copy(made, dropped / "租赁-2.xlsx")
        assert city.wait_for("task of the mended line", TASK, "D-2", seconds=120) == [("dispatched",)]
        until(lambda: None if _report(dropped / "租赁-2.xlsx") else "no report", 60)
    assert _report(dropped / "租赁-2.xlsx")["rejected"] == []
    assert _report(dropped / "租赁-1.xlsx") == report, "not published again"
    assert _report(dropped / "租赁-2.xlsx")["mended_lines"] == 1
    assert not (dropped / "租赁-1.xlsx.rejected.csv").exists(), "its one line was mended"
    city.wait_until_gone("rejected line", "SELECT FROM city.rejected_line")
    files = "SELECT source, rejected_lines, mended_lines FROM city.door_publication WHERE source = %s"
    for name, rejected, mended in (("租赁-1.xlsx", 1, 0), ("租赁-2.xlsx", 0, 1)):
        assert city.wait_for("report", files, name) == [(name, rejected, mended)]


@contextmanager
def watching(city: City, folder: Path) -> Iterator[None]:
    """`citygrid publish housing --watch`, until it is asked to end."""
    command = [sys.executable, "-m", "citygrid", "publish", "housing", "--watch", str(folder)]
    command += ["--pattern", "租赁*.xlsx", "--settle", "1", "--wait", "0"]
    variables = environment(city.settings) | {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}
    with subprocess.Popen(command, cwd=CHECKOUT, env=variables) as watch:
        try:
            yield
        finally:
            watch.terminate()  # else a test that failed would wait for it
        assert watch.wait(60) == 0


def _report(path: Path) -> dict[str, Any]:
    """What stands beside the file; nothing if it was not published yet."""
    report = path.with_name(path.name + ".report.json")
    return dict(json.loads(report.read_text("utf-8"))) if report.exists() else {}


def _lease(day: datetime, index: int, tenant: str) -> list[object]:
    return [f"ZL-{index}", f"D-{index}", "租赁备案", number(9), tenant, day, day, day]


def _workbook(path: Path, day: datetime, leases: list[list[object]]) -> None:
    """Two sheets with a title and a total, days as a spreadsheet keeps them."""
    homes = [
        [f"FW-{index}", f"D-{index}", GRID, f"样本路{index}号", 60.5, "出租", "440113", day, day] for index in (1, 2)
    ]
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, head, rows in (("房屋", DWELLINGS, homes), ("租赁", LEASES, leases)):
            sheet = book.add_worksheet(name)
            sheet.merge_range(0, 0, 0, len(head) - 1, "示例区月报表")
            for place, row in enumerate([head, *rows, ["合计", len(rows)]], 1):
                sheet.write_row(place, 0, row)
