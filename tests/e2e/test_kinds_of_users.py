"""What each kind of user does, through everything: rain on a district, an SOS, a company that changes hands, and a
department that looks after its own statements. All processes run; the exports are as the offices write them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer

from database.accounts import Account, create
from local.stack import postgres
from local.stack.local import LocalStack
from producers.doors import key_register as keys
from runtime.settings import Settings
from tests.databases import drop_database
from tests.e2e.pages.browser import CENTRE, TABLET, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.running import until
from tests.e2e.whole_city import PASSWORD, City, screenshots, whole_city
from tests.golden.city import identity_number
from wire.codec import encoder
from wire.contracts import contracts
from wire.pseudonym import Pseudonyms
from wire.registry import Registry
from wire.topics import subject_of

GRID, NEXT_GRID = "440113001001003", "440113001001004"
COMPANY = "91440101MA5CQ1XX3G"
OPEN_TASKS = (
    "SELECT dwelling FROM city.task WHERE rule = %s AND state <> 'closed' AND queue = ANY(%s) ORDER BY dwelling"
)
GRIDS = [GRID, NEXT_GRID]
OF_PERSON = "SELECT row->>'died_on' FROM city.resident WHERE id = %s AND row->>'died_on' IS NOT NULL"


def person(number: int, born: int = -10_000) -> str:
    """An identity number; `born` in days since 1970."""
    return identity_number("440113", born, number)


def stamp(ago: timedelta = timedelta()) -> str:
    """So long ago in the city's local time, as exports write it."""
    return f"{datetime.now().astimezone() - ago:%Y-%m-%dT%H:%M:%S%z}"


@pytest.fixture(scope="module")
def city(stack: LocalStack, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """One city for all of this file: its tests are about different people and places."""
    folder = tmp_path_factory.mktemp("users")
    key = folder / "pseudonym.key"
    key.touch(mode=0o600)
    key.write_text("5a" * 32 + "\n")
    name, users = f"test_{uuid.uuid4().hex[:10]}", postgres.USERS
    port, passwords = stack.ports.postgres, stack.passwords
    postgres.make_database(port, passwords, name, "citygrid_owner", users, template=migrated_template)
    settings = Settings(
        _env_file=None,
        state_dir=folder / "state",
        kafka_bootstrap=stack.address("kafka"),
        registry_url=stack.address("registry"),
        topic_prefix=f"t{uuid.uuid4().hex[:10]}.",
        database_owner_dsn=stack.dsn("citygrid_owner", name),
        database_sinks_dsn=stack.dsn("citygrid_sinks", name),
        database_api_dsn=stack.dsn("citygrid_api", name),
        database_doors_dsn=stack.dsn("citygrid_doors", name),
        database_admin_dsn=stack.dsn(postgres.SUPERUSER, name),
        pseudonym_key_file=key,
    )
    for account in (
        Account("worker", "grid_worker", GRID),
        Account("district", "command_centre", "440113"),
        Account("sos-desk", "command_centre", "440113", domains=("sos",)),
        Account("police-office", "department", ""),
    ):
        create(settings.dsn("owner"), account, PASSWORD)
    with whole_city(settings, folder) as running:
        running.draw(GRID, "003 格", "Grid 003")
        running.draw(NEXT_GRID, "004 格", "Grid 004", 113.37)
        yield running
    drop_database(port, passwords, name)


def registered(city: City, homes: dict[str, str]) -> None:
    """Dwelling → grid, in the register."""
    lines = [
        {
            "登记编号": f"FW-{home}", "房屋编码": home, "网格编码": grid, "房屋地址": f"示例路{index}号",
            "建筑面积": "61.5", "房屋用途": "住宅", "行政区": "440113", "经度": "113.365", "纬度": "22.945",
            "登记日期": "2020-01-01", "录入时间": "2020-01-02 10:00:00",
        }
        for index, (home, grid) in enumerate(homes.items(), 1)
    ]  # fmt: skip
    city.publish("housing", "房屋登记", lines)


def moved_in(city: City, people: dict[str, str], born: str = "1942-08-15") -> None:
    """Identity number → dwelling; each a household of its own."""
    lines = [
        {
            "登记编号": f"HJ-{number[-8:]}", "业务类型": "迁入登记", "公民身份号码": number, "姓名": f"测试{index}",
            "性别": "女", "出生日期": born, "户号": f"H{number[-8:]}", "与户主关系": "户主", "房屋编码": home,
            "住址": f"示例路{index}号", "发生日期": "2026-01-31", "登记时间": "2026-02-01 09:30:00",
        }
        for index, (number, home) in enumerate(people.items(), 1)
    ]  # fmt: skip
    city.publish("police", "户籍变动", lines)


def test_rain_falls_on_a_district_and_each_door_at_risk_has_one_task_until_it_is_over(city: City) -> None:
    homes = {f"RAIN-{index}": (GRID, NEXT_GRID)[index % 2] for index in range(6)}
    registered(city, homes)
    moved_in(
        city, {person(index): f"RAIN-{index}" for index in (1, 2)}
    )  # elders who live alone; 2 in a reinforced house
    moved_in(city, {person(index, 5_000): "RAIN-3" for index in (3, 4)}, born="1983-09-10")  # neither old nor alone
    house = {"业务类型": "加固", "验收日期": "2020-05-01", "业务日期": "2020-05-01", "录入时间": "2020-05-02 09:00:00"}
    graded = {"业务类型": "鉴定", "鉴定等级": "D级", "鉴定日期": "2016-05-01", "业务日期": "2016-05-01"}
    city.publish(
        "housing",
        "房屋安全鉴定",
        [
            {"鉴定编号": "AQ-0", "房屋编码": "RAIN-0"} | graded | {"录入时间": "2016-05-02 09:00:00"},
            {"鉴定编号": "AQ-2", "房屋编码": "RAIN-2"} | house,
            {"鉴定编号": "AQ-4", "房屋编码": "RAIN-4"} | house,
        ],
    )
    at_risk = "SELECT 1 FROM city.grid WHERE id = ANY(%s) AND jsonb_array_length(row->'doors') > 0"
    until(lambda: None if len(city.select(at_risk, GRIDS)) == 2 else "the grids know no door at risk", 60)
    assert city.select(OPEN_TASKS, "warned-door", GRIDS) == []

    warning = {"预警编号": "YJ-1", "行政区": "440113", "灾种": "暴雨", "预警级别": "橙色", "雨量": "63"}
    issued = warning | {"信号状态": "发布", "生效时间": stamp(timedelta(minutes=1)), "录入时间": stamp()}
    city.publish("weather", "预警信号", [issued])

    wanted = [("RAIN-0",), ("RAIN-1",), ("RAIN-2",), ("RAIN-4",)]
    lacking = "not one task for each door at risk"
    until(lambda: None if city.select(OPEN_TASKS, "warned-door", GRIDS) == wanted else lacking, 60)
    with browsing(city.url, TABLET) as browser:
        page = browser.page()
        SignIn(page, city.url).as_account("worker", PASSWORD)
        (finding,) = city.select("SELECT finding_id FROM city.task WHERE dwelling = 'RAIN-2' AND rule = 'warned-door'")[
            0
        ]
        stop = GridWorker(page).wait_for_stop(str(finding))
        assert "63" in stop.inner_text(), "the amount of rain is the reason"
        page.screenshot(path=screenshots() / "rain-worker.png")
        centre = browser.of_another_person(CENTRE)
        SignIn(centre, city.url).as_account("district", PASSWORD)
        centre.locator("[data-test=line] button").first.click()
        CommandCentre(centre).wait_for_alert(rule="warned-door")
        centre.screenshot(path=screenshots() / "rain-centre.png")

    city.publish("weather", "预警信号", [warning | {"信号状态": "解除", "生效时间": stamp(), "录入时间": stamp()}])
    city.wait_until_gone("tasks of the rain are", OPEN_TASKS, "warned-door", GRIDS)
    closed = city.select("SELECT closed_zh FROM city.task WHERE rule = 'warned-door'")
    assert len(closed) == 4
    assert all(why for (why,) in closed)


def test_an_sos_is_in_its_own_queue_within_seconds_and_ends_when_it_is_answered(city: City) -> None:
    registered(city, {"SOS-1": GRID})
    moved_in(city, {person(100): "SOS-1"})
    city.wait_for("row of the resident", "SELECT 1 FROM city.resident WHERE dwelling = 'SOS-1'")
    press = {
        "呼叫编号": "HJ-SOS-1",
        "业务类型": "按键呼叫",
        "佩戴人身份证号": person(100),
        "按键": "SOS",
        "设备编号": "SH-1",
    }
    with browsing(city.url, CENTRE) as browser:
        desk = browser.page()
        SignIn(desk, city.url).as_account("sos-desk", PASSWORD)
        centre = CommandCentre(desk)
        centre.wait_until_live()
        city.publish("bracelet", "呼叫记录", [press | {"发生时间": stamp(), "上报时间": stamp()}])
        row = centre.wait_for_alert(rule="button-sos")
        desk.screenshot(path=screenshots() / "sos-desk.png")
        assert centre.findings() == [row.get_attribute("data-finding")], "the desk sees nothing but calls for help"
    took = (
        "SELECT extract(epoch FROM t.dispatched_at - a.opened_at) FROM city.task t JOIN city.alert a USING (finding_id)"
    )
    ((seconds,),) = city.wait_for("task of the call", f"{took} WHERE t.rule = 'button-sos'")
    assert 0 <= seconds < 10
    answered = {"业务类型": "应答", "处理结果": "已联系家属", "发生时间": stamp(), "上报时间": stamp()}
    city.publish("bracelet", "呼叫记录", [press | answered])
    still = "SELECT 1 FROM city.task WHERE rule = 'button-sos' AND state <> 'closed'"
    city.wait_until_gone("the call's task is", still)


def test_a_company_changes_hands_and_goes_on_after_its_licence_was_revoked(city: City) -> None:
    registered(city, {"SHOP-1": GRID})
    head = {"统一社会信用代码": COMPANY, "录入时间": stamp()}
    first, second = person(200), person(201)
    founded = head | {
        "登记编号": "GS-1", "业务类型": "设立登记", "名称": "番禺示例五金店", "主体类型": "企业",
        "法定代表人身份证号": first, "房屋编码": "SHOP-1", "住所": "示例路1号", "核准日期": "2021-03-01",
    }  # fmt: skip
    sold = head | {
        "登记编号": "GS-2",
        "业务类型": "法定代表人变更",
        "法定代表人身份证号": second,
        "核准日期": "2026-03-01",
    }
    city.publish("market-regulation", "市场主体登记", [founded, sold])
    pseudonyms = Pseudonyms.of(city.settings)
    new = pseudonyms.of_number(second)
    says = "SELECT row->>'name' FROM city.legal_person WHERE id = %s AND row->>'legal_representative' = %s"
    assert city.wait_for("company in new hands", says, COMPANY, new) == [("番禺示例五金店",)]

    revoked = head | {"登记编号": "GS-3", "业务类型": "吊销", "吊销原因": "逾期未年报", "核准日期": "2026-04-01"}
    city.publish("market-regulation", "市场主体登记", [revoked])
    filed = {
        "统一社会信用代码": COMPANY, "文书号": "QS-1", "业务类型": "纳税申报", "税款所属期": "2026-06",
        "申报税额": "1200.50", "业务日期": "2026-07-10", "录入时间": stamp(),
    }  # fmt: skip
    city.publish("tax", "单位税务记录", [filed])
    queue = city.wait_for("task", "SELECT queue, dwelling FROM city.task WHERE rule = 'revoked-but-filing'")
    assert queue == [(GRID, "SHOP-1")]
    with browsing(city.url, CENTRE) as browser:
        page = browser.page()
        SignIn(page, city.url).as_account("district", PASSWORD)
        page.goto(f"{city.url}/record.html#legal_person/{COMPANY}")
        page.locator("[data-test=row][data-view=legal_person]").wait_for()
        page.screenshot(path=screenshots() / "company.png", full_page=True)


def test_a_departments_administrator_reads_its_freshness_and_mends_a_dead_letter(city: City) -> None:
    home, number = "LETTER-1", person(300)
    registered(city, {home: GRID})
    moved_in(city, {number: home})
    with _police(city) as door:
        until(lambda: None if _fresh(door) else "the department is not heard of yet", 60)
        assert door.get("/v1/dead-letters").json()["items"] == []

        pseudonym = _says_an_impossible_day(city.settings, number, "SW-1")
        letter = _newest_letter(door, 1)
        assert letter["topic"] == DEATHS
        assert "'on'" in letter["reason"]
        assert number not in json.dumps(letter)
        assert city.select(OF_PERSON, pseudonym) == []

        # as docs/how-to/department.md says: the same record once more, right this time, recorded later
        again = {
            "kind": "Death", "record": "SW-1", "subject": number, "occurred_at": "2026-02-16T08:00:00+08:00",
            "recorded_at": datetime.now(UTC).isoformat(), "change": {"on": "2026-02-16"},
        }  # fmt: skip
        taken = door.post(f"/v1/events/{DEATHS}", json=[again])
        assert taken.status_code == 202, taken.text
        assert city.wait_for("death in the row", OF_PERSON, pseudonym) == [("2026-02-16",)]

        listed = city.citygrid("dead-letters", "list", "--json")
        assert len(json.loads(listed.stdout)) == 1, "what was stated again was read by everybody"
        seen = door.get("/v1/dead-letters").json()
        assert seen["items"] == [letter], "a letter is kept until its time is over, and says nothing of what came later"
        assert [(count["waiting"], count["replayed"]) for count in seen["counts"]] == [(1, 0)]

    with browsing(city.url, CENTRE) as browser:
        page = browser.page()
        SignIn(page, city.url).as_account("police-office", PASSWORD)
        page.locator(f"[data-topic='{DEATHS}'] [data-test=fresh]").wait_for()
        page.screenshot(path=screenshots() / "catalogue-department.png")


def test_an_operator_mends_a_dead_letter_that_its_department_names(city: City, tmp_path: Path) -> None:
    home, number = "LETTER-2", person(301)
    registered(city, {home: GRID})
    moved_in(city, {number: home})
    with _police(city) as door:
        before = len(door.get("/v1/dead-letters").json()["items"])
        pseudonym = _says_an_impossible_day(city.settings, number, "SW-2")
        record = _newest_letter(door, before + 1)["origin"]

        event = tmp_path / "mend.json"
        shown = city.citygrid("dead-letters", "show", record, "--to", str(event))
        assert shown.returncode == 0, shown.stderr
        event_document = json.loads(event.read_text("utf-8"))
        event.write_text(json.dumps(event_document | {"change": {"on": "2026-02-16"}}), "utf-8")
        sent = city.citygrid("dead-letters", "replay", "--id", record, "--mended", str(event))
        assert sent.returncode == 0, sent.stdout + sent.stderr
        city.wait_for("death in the row", OF_PERSON, pseudonym)

        def lacking() -> str | None:
            (letter,) = (item for item in door.get("/v1/dead-letters").json()["items"] if item["origin"] == record)
            return None if letter["replayed_at"] else "the department is not told that its letter was sent back"

        until(lacking, 60)


DEATHS = "police.household-registration"
TOO_LATE = 2_000_000
"""Days since 1970: no day of a living city."""


def _fresh(door: httpx.Client) -> bool:
    topics = {item["topic"]: item for item in door.get("/v1/freshness").json()["items"]}
    return bool(topics.get(DEATHS, {}).get("last_event_at"))


def _police(city: City) -> httpx.Client:
    """At the gateway with a key of the department's own."""
    key = keys.create(city.settings.dsn("owner"), "police")
    return httpx.Client(base_url=city.gateway, headers={"Authorization": f"Bearer {key}"}, timeout=30)


def _newest_letter(door: httpx.Client, count: int) -> dict[str, Any]:
    """The department's newest dead letter, as soon as there are `count`."""

    def lacking() -> str | None:
        letters = len(door.get("/v1/dead-letters").json()["items"])
        return None if letters == count else f"{letters} dead letters of {count}"

    until(lacking, 60)
    newest: dict[str, Any] = door.get("/v1/dead-letters").json()["items"][0]
    return newest


def _says_an_impossible_day(settings: Settings, number: str, record: str) -> str:
    """A statement by a program that does not ask the door: a death on no day; the person's pseudonym."""
    topic, contract = DEATHS, contracts()[DEATHS]
    pseudonym = Pseudonyms.of(settings).of_number(number)
    registry = Registry.of(settings)
    encode = encoder(registry.id_of(subject_of(settings, topic), contract.schema), contract.schema)
    moment = int(datetime.now(UTC).timestamp() * 1_000_000)
    event = {
        "event_id": str(uuid.uuid4()), "record": record, "subject": pseudonym,
        "occurred_at": moment, "recorded_at": moment,
        "withdrawn": False, "change": ("cn.citygrid.police.Death", {"on": TOO_LATE}),
    }  # fmt: skip
    producer = Producer({**settings.kafka_client(), "partitioner": "murmur2_random"})
    producer.produce(settings.topic_prefix + topic, encode(event), pseudonym.encode())
    assert producer.flush(30) == 0
    registry.close()
    return pseudonym
