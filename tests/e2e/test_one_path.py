"""One path, whole: an export as the office writes it becomes a task in a grid worker's queue, and ops see it move."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

import httpx
import psycopg
import pytest

from citygrid import observe
from citygrid.accounts import Account, create
from citygrid.stack.children import Program, start
from citygrid.stack.ports import free_ports
from runtime.settings import CHECKOUT, Settings
from runtime.topics import ensure_schemas, ensure_topics
from tests.e2e.conftest import square
from tests.e2e.pages.browser import TABLET, browsing
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.running import Processes, environment, processes, until
from tests.golden.city import identity_number

GRID = "440113001001003"
DWELLING, HOUSEHOLD = "DW4401130000042", "440100009042"
PASSWORD = "a long enough pass phrase"
WORKERS = (("stage", "resident"), ("stage", "household"), ("stage", "dwelling"), ("sink", "row-tables"), ("sink",
"grid-tasks"),
           ("outbox", None), ("clock", None), ("api", None))  # fmt: skip


@dataclass(frozen=True)
class City:
    """The product's processes at work, and Prometheus scraping them."""

    settings: Settings
    ours: Processes
    url: str
    prometheus: str

    def query(self, expression: str) -> float:
        """An instant query; the sum of its samples, 0 if there are none."""
        reply = httpx.get(
            f"{self.prometheus}/api/v1/query", params={"query": expression}, timeout=10
        ).raise_for_status()
        return sum(float(sample["value"][1]) for sample in reply.json()["data"]["result"])

    def select(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.settings.dsn("admin")) as connection:
            return connection.execute(statement, values).fetchall()

    def citygrid(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command as an operator types it."""
        nothing = self.settings.state_dir / "empty.env"
        nothing.touch()
        said = environment(self.settings) | {"CITYGRID_ENV_FILE": str(nothing), "PATH": "/usr/bin:/bin", "HOME": "/tmp"}
        command = [sys.executable, "-m", "citygrid", *words]
        return subprocess.run(command, cwd=CHECKOUT, env=said, capture_output=True, text=True, timeout=180, check=False)


@pytest.fixture
def city(settings: Settings, tmp_path: Path) -> Iterator[City]:
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    names = ["-".join(part.replace("_", "-") for part in worker if part) for worker in WORKERS]
    *ports, api, api_metrics, prometheus_port = free_ports(len(names) + 3)
    settings = settings.model_copy(
        update={"worker_ports": dict(zip(names, ports, strict=True)), "api_port": api, "api_metrics_port": api_metrics}
    )
    ensure_topics(settings)
    ensure_schemas(settings)
    create(settings.dsn("owner"), Account("worker", "grid_worker", GRID), PASSWORD)
    with psycopg.connect(settings.dsn("sinks")) as sinks:
        sinks.execute(
            "INSERT INTO city.grid_area (grid, name_zh, name_en, geometry)"
            " VALUES (%s, '003 格', 'Grid 003', %s::jsonb)",
            (GRID, json.dumps(square(113.36, 22.94, 0.01))),
        )
    with processes(settings, tmp_path) as ours:
        for kind, plugin in WORKERS:
            ours.start(kind, plugin)
        url = f"http://127.0.0.1:{api}"
        until(lambda: _not_ready(url, settings), 90)
        watching = _prometheus(settings, tmp_path, prometheus_port)
        try:
            yield City(settings, ours, url, f"http://127.0.0.1:{prometheus_port}")
        finally:
            watching.stop()


def test_an_export_becomes_a_task_that_somebody_acknowledges(city: City, tmp_path: Path) -> None:
    owner = identity_number("440113", 7_000, 42)
    police = tmp_path / "户籍变动.csv"
    _write_register(police, owner)
    _publish(city, "housing", _csv(tmp_path / "房屋登记.csv", [_dwelling()]))

    published = city.citygrid("publish", "police", str(police), "--wait", "60")

    assert published.returncode == 3, published.stderr
    rejected = list(csv.DictReader((tmp_path / "户籍变动.csv.rejected.csv").open(encoding="utf-8-sig")))
    assert len(rejected) == 1
    assert (tmp_path / "户籍变动.csv.rejected.csv").stat().st_mode & 0o077 == 0
    until(lambda: _lacks(city, "SELECT count(*) FROM city.resident", 999), 60)
    assert city.select("SELECT row->>'address' FROM city.household WHERE id = %s", HOUSEHOLD) == [("示例路42号",)]

    _publish(city, "transport", _csv(tmp_path / "机动车.csv", [_car(owner)]))
    _publish(city, "civil-affairs", _csv(tmp_path / "社会救助.csv", [_dibao(owner)]))

    find = "SELECT finding_id, state FROM city.alert WHERE rule = 'car-and-benefit' AND household = %s"
    until(lambda: None if city.select(find, HOUSEHOLD) else "no alert of the car and the benefit", 60)
    (finding, state) = city.select(find, HOUSEHOLD)[0]
    assert state in {"opened", "changed"}
    until(lambda: None if city.select("SELECT 1 FROM city.task WHERE finding_id = %s", finding) else "no task", 30)
    assert city.select("SELECT queue, state FROM city.task WHERE finding_id = %s", finding) == [(GRID, "dispatched")]
    before = city.query("citygrid_alert_to_acknowledged_seconds_count")

    with browsing(city.url, TABLET) as browser:
        page = browser.page()
        SignIn(page, city.url).as_account("worker", PASSWORD)
        route = GridWorker(page)
        stop = route.wait_for_stop(str(finding))
        page.screenshot(path=_screenshots() / "one-path-worker.png")
        route.acknowledge(stop)
        route.wait_until_sent()

    assert city.select("SELECT state FROM city.task WHERE finding_id = %s", finding) == [("acknowledged",)]
    until(
        lambda: None if city.query("citygrid_alert_to_acknowledged_seconds_count") > before else "the metric stands", 60
    )
    assert city.query('sum(rdkafka_events_in_total{process="stage-resident"})') >= 1001
    assert city.query("sum(rdkafka_dead_letters_total)") == 0
    until(lambda: None if city.query("sum(up)") == len(WORKERS) else "a process does not answer Prometheus", 30)
    assert city.query("sum(citygrid_open_alerts)") >= 1


def _write_register(path: Path, owner: str) -> None:
    """1,000 lines in GB18030 with full-width digits and both forms of dates; line 501 has a wrong check character."""
    lines = []
    for number in range(1_000):
        person = owner if number == 42 else identity_number("440113", 7_000 + number // 900, 100 + number % 900)
        if number == 500:
            person = person[:-1] + ("0" if person[-1] != "0" else "1")
        lines.append(
            {
                "登记编号": f"HJ{number:06d}",
                "业务类型": "迁入登记",
                "公民身份号码": person,
                "姓名": f"测试{number}",
                "性别": "女" if number % 2 else "男",
                "出生日期": "1989-03-02" if number % 2 else "19890302",
                "户号": HOUSEHOLD if number == 42 else f"44010000{number:04d}",
                "与户主关系": "户主",
                "房屋编码": DWELLING if number == 42 else "",
                "住址": f"示例路{number}号",
                "发生日期": "２０２６０１３１" if number % 3 else "2026-01-31",
                "登记时间": "2026-02-01 09:30:00",
            }
        )
    _csv(path, lines)


def _dwelling() -> dict[str, str]:
    return {
        "登记编号": "FW000042", "房屋编码": DWELLING, "网格编码": GRID, "房屋地址": "示例路42号", "建筑面积": "61.5",
        "房屋用途": "住宅", "行政区": "440113", "经度": "113.365", "纬度": "22.945", "登记日期": "20200101",
        "录入时间": "2020-01-02 10:00:00",
    }  # fmt: skip


def _car(owner: str) -> dict[str, str]:
    return {
        "号牌号码": "粤A00042", "业务类型": "注册登记", "所有人身份证号": owner, "车辆类型": "小型轿车",
        "业务日期": "2026-02-03", "录入时间": "2026-02-03 11:00:00",
    }  # fmt: skip


def _dibao(owner: str) -> dict[str, str]:
    return {
        "救助案号": "DB000042", "变更类型": "批准", "申请人身份证号": owner, "救助项目": "低保", "户号": HOUSEHOLD,
        "起始日期": "2026-02-01", "审批日期": "2026-02-04", "录入时间": "2026-02-04 12:00:00",
    }  # fmt: skip


def _csv(path: Path, lines: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def _publish(city: City, department: str, path: Path) -> None:
    done = city.citygrid("publish", department, str(path), "--wait", "0")
    assert done.returncode == 0, done.stdout + done.stderr


def _lacks(city: City, statement: str, wanted: int) -> str | None:
    found = city.select(statement)[0][0]
    return None if found == wanted else f"{found} rows of {wanted}"


def _not_ready(url: str, settings: Settings) -> str | None:
    for name, port in settings.worker_ports.items():
        address = url + "/api/v1/health/ready" if name == "api" else f"http://127.0.0.1:{port}/ready"
        try:
            reply = httpx.get(address, timeout=5)
        except httpx.TransportError:
            return f"{name} does not answer yet"
        if reply.status_code != 200:
            return f"{name} is not ready: {reply.text[:200]}"
    return None


def _prometheus(settings: Settings, folder: Path, port: int) -> Any:
    """The real server with the product's own configuration and rules, scraping every second."""
    configuration = observe.write_local(settings)
    configuration.write_text(configuration.read_text().replace("scrape_interval: 5s", "scrape_interval: 1s"))
    prometheus = which("prometheus")
    assert prometheus is not None, "prometheus is not installed: apt-get install prometheus"
    server = start(
        Program(
            name="prometheus",
            command=(
                prometheus,
                f"--config.file={configuration}",
                f"--web.listen-address=127.0.0.1:{port}",
                f"--storage.tsdb.path={folder / 'prometheus-data'}",
            ),
            folder=folder,
            log=folder / "prometheus.log",
            environment={},
        )
    )
    until(lambda: None if _answers(f"http://127.0.0.1:{port}/-/ready") else "prometheus is not ready", 30)
    return server


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _screenshots() -> Path:
    folder = CHECKOUT / "tests" / "e2e" / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder
