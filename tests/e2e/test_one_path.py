"""One path, whole: an export as the office writes it becomes a task in a grid worker's queue, and ops see it move."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from math import isnan
from pathlib import Path

import httpx
import pytest

from database.accounts import Account, create
from runtime.settings import Settings
from tests.e2e.dashboards import PANELS, shown
from tests.e2e.pages.browser import TABLET, browsing
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.running import until
from tests.e2e.whole_city import PASSWORD, City, screenshots, whole_city, write_csv
from tests.golden.city import identity_number

GRID = "440113001001003"
DWELLING, HOUSEHOLD = "DW4401130000042", "440100009042"
MAY_BE_EMPTY = {
    "fresh: Past their limit 已超时限": "every topic that was heard of is within its limit",
    "fresh: Kept for longer than allowed 超过保存期限": "nothing is that old",
    "fresh: Department door: statements per second 部门接口:每秒陈述": "nobody publishes by HTTP",
    "fresh: Department door: answers per second 部门接口:应答": "nobody publishes by HTTP",
    "fresh: Department keys: the day's identity numbers 部门密钥:当日身份号码": "nobody publishes by HTTP",
    "fresh: Devices: messages per second 设备消息": "there are no devices",
    "served: Press to task, 95th percentile 按下→任务": "nobody presses a button",
    "served: Calls waiting 等待应答的呼叫": "nobody presses a button",
    "served: Told of a call: 95th percentile after its time 呼叫通知迟到": "nobody presses a button",
    "served: Notices to tablets 平板推送": "no tablet is to be told",
    "served: Queues of the buttons 三个按钮的队列": "nobody presses a button",
    "served: Overdue share of the open tasks 超时比例": "no task is overdue",
    "stuck: Partitions that stand still 停滞的分区": "nothing stands still",
    "stuck: Transactions that nobody decides 悬而未决的事务": "every transaction ends",
    "stuck: Dead letters by topic and reason, 15 minutes 死信:主题与原因": "every event can be read",
    "stuck: Parked, 15 minutes 暂存": "no event is newer than its reader",
    "stuck: Transactions that were aborted 中止的事务": "no transaction is aborted",
    "stuck: Forgotten per second 每秒清理": "nothing is that old",
    "stuck: Rows refused for their size 因太大被拒的行": "no row is too large",
    "stuck: Spans of traces 追踪片段": "spans have nowhere to go",
}
"""Panels that have nothing to show on this path, and why."""


@pytest.fixture
def city(settings: Settings, tmp_path: Path) -> Iterator[City]:
    create(settings.dsn("owner"), Account("worker", "grid_worker", GRID), PASSWORD)
    with whole_city(settings, tmp_path) as running:
        running.draw(GRID, "003 格", "Grid 003")
        yield running


@pytest.mark.timeout(900)
def test_an_export_becomes_a_task_that_somebody_acknowledges(city: City, tmp_path: Path) -> None:
    owner = identity_number("440113", 7_000, 42)
    police = tmp_path / "户籍变动.csv"
    _write_register(police, owner)
    city.publish("housing", "房屋登记", [_dwelling()])

    published = city.citygrid("publish", "police", str(police), "--wait", "60")

    assert published.returncode == 3, published.stderr
    rejected = list(csv.DictReader((tmp_path / "户籍变动.csv.rejected.csv").open(encoding="utf-8-sig")))
    assert len(rejected) == 1
    assert (tmp_path / "户籍变动.csv.rejected.csv").stat().st_mode & 0o077 == 0
    until(lambda: _lacks(city, "SELECT count(*) FROM city.resident", 999), 60)
    assert city.select("SELECT row->>'address' FROM city.household WHERE id = %s", HOUSEHOLD) == [("示例路42号",)]

    city.publish("transport", "机动车", [_car(owner)])
    city.publish("civil-affairs", "社会救助", [_dibao(owner)])

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
        page.screenshot(path=screenshots() / "one-path-worker.png")
        route.acknowledge(stop)
        route.wait_until_sent()

    assert city.select("SELECT state FROM city.task WHERE finding_id = %s", finding) == [("acknowledged",)]
    until(
        lambda: None if city.query("citygrid_alert_to_acknowledged_seconds_count") > before else "the metric stands", 60
    )
    assert city.query('sum(rdkafka_events_in_total{process="stage-resident"})') >= 1001
    assert city.query("sum(rdkafka_dead_letters_total)") == 0
    until(
        lambda: (
            None
            if city.query("sum(max_over_time(up[15s]))") == len(city.settings.worker_ports)
            else "a process does not answer Prometheus"
        ),
        30,
    )
    until(lambda: None if city.query("sum(citygrid_open_alerts)") >= 1 else "no open alert is counted", 30)
    assert set(MAY_BE_EMPTY) <= set(PANELS)
    with httpx.Client(base_url=city.prometheus, timeout=30) as prometheus:

        def blank() -> str | None:
            # a rate begins with the second request of a process that Prometheus has asked before: somebody looks on
            httpx.get(f"{city.url}/api/v1/me", timeout=10)
            return _blank(prometheus)

        until(blank, 60, every=1)


def _blank(prometheus: httpx.Client) -> str | None:
    """The panels without any figure that should have one; every expression of every dashboard is asked."""
    figures = {name: [value for _, value in shown(prometheus, panel)] for name, panel in PANELS.items()}
    blank = {name for name, values in figures.items() if all(map(isnan, values))} - set(MAY_BE_EMPTY)
    return f"nothing on {sorted(blank)}" if blank else None


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
    write_csv(path, lines)


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


def _lacks(city: City, statement: str, wanted: int) -> str | None:
    value = city.select(statement)[0][0]
    return None if value == wanted else f"{value} rows of {wanted}"
