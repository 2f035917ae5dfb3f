"""Door plates over HTTP: what anybody learns who scans one, what they report, how a person makes a case of it."""
# ruff: noqa: E501 (rows and SQL)

from __future__ import annotations

import base64
import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from PIL import Image
from psycopg.types.json import Jsonb

from database import communities, plates
from database.accounts import set_shown_as
from tests.integration.api.two_streets import HERE, City, LogIn, statement

CODE_OF_NOBODY = "A" * 26
NUMBER = "11010519491231002X"
SERVICES = """community,kind,name_zh,name_en,about_zh,about_en,address,phone,hours
{here},profile,先锋社区,Xianfeng,我们的社区,our community,,,
{here},doctor,先锋卫生站,clinic,,,右街 3 号,020-8480 0000,8:00-17:30
{there},restaurant,别处饭店,,,,,,
"""


@pytest.fixture
def codes(city: City) -> dict[str, str]:
    """The code of each street's door."""
    doors = [city.here.dwelling, city.there.dwelling]
    with plates.issued(city.database.owner, doors, "", again=True) as made:
        return {plate.dwelling: plate.code for plate in made}


@pytest.fixture
def code(city: City, codes: dict[str, str]) -> str:
    return codes[city.here.dwelling]


def photo(size: tuple[int, int] = (3000, 2000)) -> bytes:
    """As a camera makes one: with its position, its make and a thumbnail's worth of other things."""
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (22.0, 56.0, 24.0), 3: "E", 4: (113.0, 21.0, 36.0)})
    written = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(written, "JPEG", exif=exif)
    return written.getvalue()


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def reported(client: httpx.AsyncClient, code: str, **body: Any) -> httpx.Response:
    return await client.post(f"/plates/{code}/reports", json={"category": "leak", **body})


async def test_anybody_learns_the_address_who_serves_it_and_what_the_community_tells(
    city: City, code: str, anybody: httpx.AsyncClient
) -> None:
    communities.load(city.database.owner, SERVICES.format(here=f"{HERE}001", there=f"{HERE}009").encode())
    set_shown_as(city.database.owner, "worker", "小王")
    answer = await anybody.get(f"/plates/{code}")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["address"] == "001街 1 号"
    assert told["workers"] == ["小王"], "a colleague who allows no name has none here"
    assert [(line["kind"], line["name_zh"], line["phone"]) for line in told["lines"]] == [
        ("profile", "先锋社区", None),
        ("doctor", "先锋卫生站", "020-8480 0000"),
    ]
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")


async def test_nothing_that_is_told_to_everybody_is_personal(city: City, code: str, anybody: httpx.AsyncClient) -> None:
    told = json.dumps((await anybody.get(f"/plates/{code}")).json(), ensure_ascii=False)
    for secret in (city.here.dwelling, city.here.household, city.here.resident, "伟", "1380000", "colleague"):
        assert secret not in told


async def test_a_revoked_code_and_one_that_never_was_answer_alike(
    city: City, code: str, anybody: httpx.AsyncClient
) -> None:
    plates.revoke(city.database.owner, city.here.dwelling)
    for method, path in (("GET", ""), ("POST", "/reports"), ("GET", "/door")):
        body = {"category": "leak"} if method == "POST" else None
        answers = [await anybody.request(method, f"/plates/{one}{path}", json=body) for one in (code, CODE_OF_NOBODY)]
        assert {answer.status_code for answer in answers} == {401 if path == "/door" else 404}
        revoked, unreal = ({**answer.json(), "instance": ""} for answer in answers)
        assert revoked == unreal


async def test_only_the_hash_of_a_code_is_kept(city: City, code: str) -> None:
    with psycopg.connect(city.database.admin) as admin:
        kept = admin.execute("SELECT to_jsonb(p)::text FROM city.plate p").fetchall()
    assert len(kept) == 2
    assert all(code not in line for (line,) in kept)


async def test_a_new_plate_makes_the_old_one_worthless(city: City, code: str, anybody: httpx.AsyncClient) -> None:
    with plates.issued(city.database.owner, [], city.here.grid, again=False) as none:
        assert none == []
    with plates.issued(city.database.owner, [], city.here.grid, again=True) as (again,):
        pass
    assert (await anybody.get(f"/plates/{code}")).status_code == 404
    assert (await anybody.get(f"/plates/{again.code}")).status_code == 200


async def test_a_report_is_read_by_the_centre_of_its_area_and_by_nobody_else(
    code: str, anybody: httpx.AsyncClient, log_in: LogIn
) -> None:
    answer = await reported(anybody, code, note=f"水管漏水，{NUMBER}", photo=in_base64(photo()))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["note_masked"] is True
    for name, seen in {"here": 1, "district": 1, "city": 1, "there": 0, "taxes-only": 0}.items():
        client = await log_in(name)
        listed = (await client.get("/reports")).json()
        assert ([one["id"] for one in listed["items"]], listed["waiting"]) == ([made["id"]] * seen, seen), name
        looked = await client.get(f"/reports/{made['id']}/photo")
        assert looked.status_code == (200 if seen else 404), name
    for name in ("worker", "department", "admin", "ops"):
        client = await log_in(name)
        assert (await client.get("/reports")).status_code == 403
        for one in (made["id"], uuid.uuid4()):
            assert (await client.get(f"/reports/{one}/photo")).status_code == 404
            assert (await client.post(f"/reports/{one}/accept", json={})).status_code == 404
            assert (await client.post(f"/reports/{one}/decline", json={"reason": "x"})).status_code == 404
    (report,) = (await (await log_in("here")).get("/reports")).json()["items"]
    assert (report["note"], report["photo"], report["place"]["address"]) == ("水管漏水，▮", True, "001街 1 号")


async def test_nothing_of_the_file_but_its_pixels_is_kept(code: str, anybody: httpx.AsyncClient, log_in: LogIn) -> None:
    made = (await reported(anybody, code, photo=in_base64(photo()))).json()
    answer = await (await log_in("here")).get(f"/reports/{made['id']}/photo")
    assert answer.headers["content-type"] == "image/jpeg"
    assert "no-store" in answer.headers["cache-control"]
    with Image.open(io.BytesIO(answer.content)) as kept:
        assert max(kept.size) == 1600
        assert not kept.getexif()
        assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"a camera" not in answer.content


@pytest.mark.parametrize(
    "content", [b"<svg onload=alert(1)>", b"GIF89a", b"\xff\xd8\xff" + b"0" * 500, photo((100, 100))[:400]]
)
async def test_what_is_no_photo_is_refused_and_nothing_is_kept(
    code: str, city: City, anybody: httpx.AsyncClient, content: bytes
) -> None:
    answer = await reported(anybody, code, photo=in_base64(content))
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:citygrid:problem:invalid")
    with psycopg.connect(city.database.admin) as admin:
        assert admin.execute("SELECT count(*) FROM city.plate_report").fetchone() == (0,)


async def test_a_picture_of_too_many_pixels_is_not_decoded(code: str, anybody: httpx.AsyncClient) -> None:
    written = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(written, "PNG")
    assert (await reported(anybody, code, photo=in_base64(written.getvalue()))).status_code == 422


async def test_a_photo_that_is_too_large_and_a_note_that_is_too_long_are_refused(
    code: str, anybody: httpx.AsyncClient
) -> None:
    for size in (7_000_000, 9_000_000):  # of the photo, and of the request
        assert (await reported(anybody, code, photo="A" * size)).status_code == 413
    assert (await reported(anybody, code, note="x" * 501)).status_code == 422
    assert (await anybody.post("/session", json={"name": "x", "password": "y" * 100_000})).status_code == 413


async def test_an_accepted_report_is_stated_once(
    city: City, code: str, anybody: httpx.AsyncClient, log_in: LogIn
) -> None:
    made = (await reported(anybody, code)).json()["id"]
    here, district = await log_in("here"), await log_in("district")
    for _ in range(2):  # the answer was lost
        answer = await here.post(f"/reports/{made}/accept", json={})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["state"], answer.json()["decided_name"]) == ("accepted", "here")
    assert (await district.post(f"/reports/{made}/decline", json={"reason": "no"})).status_code == 409
    with psycopg.connect(city.database.admin) as admin:
        stated = admin.execute("SELECT topic, statement FROM city.outbox").fetchall()
    ((topic, said),) = stated
    assert (topic, said["record"], said["subject"], said["kind"], said["change"]) == (
        *("grid.report", made, city.here.dwelling, "ReportAccepted"),
        {"category": "leak"},
    )
    assert (await here.get("/reports")).json()["items"] == []
    assert [one["id"] for one in (await here.get("/reports?state=accepted")).json()["items"]] == [made]


async def test_a_declined_report_says_why_and_states_nothing(
    city: City, code: str, anybody: httpx.AsyncClient, log_in: LogIn
) -> None:
    made = (await reported(anybody, code)).json()["id"]
    here = await log_in("here")
    assert (await here.post(f"/reports/{made}/decline", json={"reason": ""})).status_code == 422
    assert (await here.post(f"/reports/{made}/decline", json={"reason": f"{NUMBER} again"})).status_code == 422
    declined = (await here.post(f"/reports/{made}/decline", json={"reason": "已修好"})).json()
    assert (declined["state"], declined["reason"]) == ("declined", "已修好")
    with psycopg.connect(city.database.admin) as admin:
        assert admin.execute("SELECT count(*) FROM city.outbox").fetchone() == (0,)


def becomes_a_case(city: City, report: str) -> uuid.UUID:
    """The alert that the rule makes of the statement, as the sink writes it."""
    finding = uuid.uuid4()
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute(
            "INSERT INTO city.alert (finding_id, rule, rule_version, domain, state, view, subject, cause, severity, why_zh, "
            "why_en, dwelling, place, opened_at, changed_at, version) VALUES (%s, 'public-report', 1, 'facilities', 'opened', "
            "'dwelling', %s, %s, 'today', '扫码上报', 'reported', %s, %s, now(), now(), 1)",
            (finding, city.here.dwelling, report, city.here.dwelling, city.here.grid),
        )
    return finding


async def test_the_worker_who_gets_the_case_reads_what_was_reported(
    city: City, code: str, anybody: httpx.AsyncClient, log_in: LogIn
) -> None:
    made = (await reported(anybody, code, note="三楼漏水", photo=in_base64(photo()))).json()["id"]
    worker = await log_in("worker")
    assert (await worker.get(f"/reports/{made}/photo")).status_code == 404, "not yet a case"
    here = await log_in("here")
    await here.post(f"/reports/{made}/accept", json={})
    finding = becomes_a_case(city, made)
    case = (await worker.get(f"/alerts/{finding}")).json()
    assert (case["report"]["note"], case["report"]["category"]) == ("三楼漏水", "leak")
    assert (await worker.get(f"/reports/{made}/photo")).status_code == 200
    assert (await here.get("/reports?state=accepted")).json()["items"][0]["finding_id"] == str(finding)
    stranger = await log_in("worker-there")
    assert (await stranger.get(f"/reports/{made}/photo")).status_code == 404
    with psycopg.connect(city.database.admin) as admin:
        looks = "SELECT DISTINCT name FROM audit.look WHERE view = 'plate_report' AND keys = ARRAY[%s] AND found"
        assert set(admin.execute(looks, (made,)).fetchall()) == {("worker",), ("here",)}


async def test_a_plate_takes_five_reports_an_hour(city: City, code: str, anybody: httpx.AsyncClient) -> None:
    answers = [(await reported(anybody, code)).status_code for _ in range(6)]
    assert answers == [201] * 5 + [429]
    with psycopg.connect(city.database.admin) as admin:
        admin.execute("UPDATE city.plate_report SET made_at = made_at - interval '61 minutes'")
    assert (await reported(anybody, code)).status_code == 201


async def test_an_address_is_not_answered_for_ever(
    codes: dict[str, str], app: FastAPI, anybody: httpx.AsyncClient
) -> None:
    answers = [await anybody.get(f"/plates/{code}") for _ in range(31) for code in codes.values()]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_a_worker_at_the_door_sees_tasks_people_visits_and_what_changed(
    city: City, code: str, log_in: LogIn
) -> None:
    today = datetime.now(UTC).date()
    days = (today - datetime(1970, 1, 1, tzinfo=UTC).date()).days
    then = int((datetime.now(UTC) - timedelta(days=1)).timestamp()) * 1_000_000
    lease = {"landlord": "k1.lu", "tenants": ["k1.li"], "start": days - 1, "until": None, "rooms": None}
    old = {**lease, "tenants": ["k1.old"], "start": days - 400}
    row = {
        "id": city.here.dwelling,
        "occupants": [{"resident": city.here.resident, "occupancy": {"source": {"occurred_at": then - 400 * 86_400_000_000}}}],
        "leases": [statement(lease, "L-2", kind="Let"), statement(old, "L-1", kind="Let")],
        "lease_ends": [statement(days - 1, "L-1", kind="TenancyEnded")],
        "tenants": [
            statement({"lease": "L-2", "tenant": "k1.xu", "present": True}, "L-2/xu", occurred_at=then),
            statement({"lease": "L-1", "tenant": "k1.old", "present": False}, "L-1/old", occurred_at=then - 300 * 86_400_000_000),
        ],
    }  # fmt: skip
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute("UPDATE city.dwelling_g1 SET row = %s WHERE id = %s", (Jsonb(row), city.here.dwelling))
        for tenant, name in (("k1.li", "李四"), ("k1.xu", "徐五")):
            sinks.execute(
                "INSERT INTO city.resident_g1 (id, dwelling, place, version, row) VALUES (%s, %s, %s, 1, %s)",
                (tenant, city.here.dwelling, city.here.grid, Jsonb({"id": tenant, "name": name})),
            )
    worker = await log_in("worker")
    task, *_ = city.here.tasks
    await worker.post(f"/tasks/{task}/acknowledge", json={})
    await worker.post(f"/tasks/{task}/complete", json={"outcome": "done", "note": "已走访", "checks": {}})
    with psycopg.connect(city.database.admin) as admin:
        admin.execute("UPDATE city.task_event SET happened_at = now() - interval '3 days' WHERE move = 'complete'")
    answer = await worker.get(f"/plates/{code}/door")
    assert answer.status_code == 200, answer.text
    door = answer.json()
    assert door["dwelling"] == city.here.dwelling
    assert {one["id"] for one in door["tasks"]} == {str(one) for one in city.here.tasks if one != task}
    assert [(one["name"], one["relation"]) for one in door["occupants"]] == [
        ("周*", None),
        ("李*", "tenant"),
        ("徐*", "tenant"),
    ]
    assert sorted((one["kind"], one["name"]) for one in door["changes"]) == [
        ("let", None), ("let_ended", None), ("tenant_in", "徐*"),
    ]  # fmt: skip
    (visit,) = door["visits"]
    assert (visit["by"], visit["rule"], visit["outcome"], visit["note"]) == (
        "worker",
        "car-and-benefit",
        "done",
        "已走访",
    )
    for name in ("worker-there", "here", "admin", "ops"):
        client = await log_in(name)
        real, unreal = [await client.get(f"/plates/{one}/door") for one in (code, CODE_OF_NOBODY)]
        assert real.status_code == unreal.status_code == 404
        assert real.json() | {"instance": ""} == unreal.json() | {"instance": ""}


async def test_a_tablet_knows_the_plates_of_its_route_by_their_hash(city: City, code: str, log_in: LogIn) -> None:
    worker, stranger, centre = await log_in("worker"), await log_in("worker-there"), await log_in("here")
    known = (await worker.get("/plates")).json()["items"]
    assert known == [{"door": city.here.dwelling, "sha256": plates.hashed(code).hex()}]
    assert (await stranger.get("/plates")).json()["items"][0]["door"] == city.there.dwelling
    assert (await centre.get("/plates")).json()["items"] == []
