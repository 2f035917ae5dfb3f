"""Photos of visits over HTTP: kept once, never refused for the task's state, shown to whoever sees the case."""
# ruff: noqa: E501 (SQL)

from __future__ import annotations

import asyncio
import io
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import psycopg
import pytest
from fastapi import FastAPI
from moto import mock_aws
from PIL import Image
from pydantic import SecretStr

from api import pictures
from database import plates
from processes.retention import Retention
from runtime import object_store
from runtime.object_store import Bucket, Folder, ObjectStore, StoreAway, photo_store
from runtime.settings import Settings, SettingsRefused
from tests.integration.api.test_api_plates import in_base64, photo
from tests.integration.api.two_streets import City, LogIn

Json = dict[str, Any]


def stored(folder: Path) -> int:
    return sum(1 for file in (folder / "photos").rglob("*") if file.is_file())


async def add(client: httpx.AsyncClient, task: object, key: str | None = None, **more: Any) -> httpx.Response:
    body = {"photo": in_base64(photo((800, 600))), "taken_at": datetime.now(UTC).isoformat(), **more}
    headers = {"idempotency-key": key or str(uuid.uuid4())}
    return await client.post(f"/tasks/{task}/photos", json=body, headers=headers)


async def test_a_photo_is_kept_once_for_all_cases_of_its_door(city: City, log_in: LogIn, tmp_path: Path) -> None:
    worker, key = await log_in("worker"), str(uuid.uuid4())
    task, *others = city.here.tasks
    also = [str(one) for one in (*others, *city.there.tasks)]
    answers = [await add(worker, task, key, also=also) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert stored(tmp_path) == 1
    for finding in city.here.findings:
        shown = (await worker.get(f"/alerts/{finding}")).json()["photos"]
        assert [(one["id"], one["by"]) for one in shown] == [(answers[0].json()["id"], "worker")]
    with psycopg.connect(city.database.admin) as admin:
        tasks = admin.execute("SELECT task FROM city.visit_photo").fetchall()
    assert {one for (one,) in tasks} == set(city.here.tasks), "another door's task is not of this visit"


async def test_two_sendings_at_once_are_one_photo(city: City, log_in: LogIn, tmp_path: Path) -> None:
    worker, key = await log_in("worker"), str(uuid.uuid4())
    answers = await asyncio.gather(*(add(worker, city.here.tasks[0], key) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert stored(tmp_path) == 1


async def test_who_sees_the_case_sees_the_photo_and_each_look_is_recorded(city: City, log_in: LogIn) -> None:
    made = (await add(await log_in("worker"), city.here.tasks[0])).json()["id"]
    for name, status in {"worker": 200, "colleague": 200, "here": 200, "district": 200, "worker-there": 404, "there": 404,
                         "taxes-only": 404, "admin": 404, "ops": 404, "department": 404}.items():  # fmt: skip
        client = await log_in(name)
        photos = f"/alerts/{city.here.findings[0]}/photos"
        real, unreal = await client.get(f"{photos}/{made}"), await client.get(f"{photos}/{uuid.uuid4()}")
        assert real.status_code == status, name
        if status == 404:
            assert real.json() | {"instance": ""} == unreal.json() | {"instance": ""}
        else:
            assert (real.headers["content-type"], real.headers["cache-control"]) == ("image/jpeg", "private, no-store")
    with psycopg.connect(city.database.admin) as admin:
        looks = "SELECT name FROM audit.look WHERE view = 'photo' AND keys = ARRAY[%s] AND found"
        assert {one for (one,) in admin.execute(looks, (made,)).fetchall()} == {
            "worker",
            "colleague",
            "here",
            "district",
        }


async def test_only_who_may_visit_adds_a_photo_and_nothing_is_stored_for_others(
    city: City, log_in: LogIn, tmp_path: Path
) -> None:
    for name in ("worker-there", "here", "admin", "ops"):
        client = await log_in(name)
        real, unreal = await add(client, city.here.tasks[0]), await add(client, uuid.uuid4())
        assert (real.status_code, unreal.status_code) == (404, 404)
        assert real.json() | {"instance": ""} == unreal.json() | {"instance": ""}
    assert not (tmp_path / "photos").exists()


async def test_a_photo_of_a_task_that_was_closed_meanwhile_is_kept_at_its_own_time(city: City, log_in: LogIn) -> None:
    worker = await log_in("worker")
    task, finding = city.here.tasks[0], city.here.findings[0]
    taken = datetime.now(UTC) - timedelta(days=3)
    with psycopg.connect(city.database.admin) as admin:
        admin.execute("UPDATE city.task SET state = 'closed', finished_at = now(), dispatched_at = now() - interval '9 days' "
                      "WHERE id = %s", (task,))  # fmt: skip
    assert (await add(worker, task, taken_at=taken.isoformat())).status_code == 201
    (shown,) = (await worker.get(f"/alerts/{finding}")).json()["photos"]
    assert datetime.fromisoformat(shown["at"]) == taken


async def test_what_cannot_be_stored_is_told_and_leaves_no_row(
    city: City, log_in: LogIn, app: FastAPI, tmp_path: Path
) -> None:
    (tmp_path / "photos").write_text("a file where the folder should be")
    answer = await add(await log_in("worker"), city.here.tasks[0])
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:citygrid:problem:photo-store-away")
    with psycopg.connect(city.database.admin) as admin:
        assert admin.execute("SELECT count(*) FROM city.visit_photo").fetchone() == (0,)


async def test_earlier_visits_at_a_door_are_told_to_who_sees_the_task(city: City, log_in: LogIn) -> None:
    worker, stranger = await log_in("worker"), await log_in("worker-there")
    task, other, *_ = city.here.tasks
    await worker.post(f"/tasks/{task}/acknowledge", json={})
    await worker.post(f"/tasks/{task}/complete", json={"outcome": "done", "note": "门口堆物已清"})
    (visit,) = (await worker.get(f"/tasks/{other}/visits")).json()["items"]
    assert (visit["by"], visit["outcome"], visit["note"]) == ("worker", "done", "门口堆物已清")
    assert (await stranger.get(f"/tasks/{other}/visits")).status_code == 404


async def test_a_sealed_photo_is_opened_for_its_account(city: City, log_in: LogIn) -> None:
    """A tablet that was loaded anew lets the server open what it keeps: a whole photo fits through."""
    worker = await log_in("worker")
    answer = await worker.post("/sealed/open", json={"sealed": "k1." + "A" * 3_000_000})
    assert answer.status_code == 404


async def test_photos_go_with_their_case(city: City, log_in: LogIn, api_settings: Settings, tmp_path: Path) -> None:
    worker = await log_in("worker")
    gone, stays = city.here.tasks[0], city.here.tasks[1]
    for task in (gone, stays):
        assert (await add(worker, task)).status_code == 201
    with psycopg.connect(city.database.admin) as admin:
        admin.execute("DELETE FROM city.task_event WHERE task = %s", (gone,))
        admin.execute("DELETE FROM city.task WHERE id = %s", (gone,))
    process = Retention(api_settings, threading.Event())
    with psycopg.connect(city.database.sinks, autocommit=True) as sinks:
        assert process._forget_photos(sinks)
    assert stored(tmp_path) == 1
    with psycopg.connect(city.database.admin) as admin:
        assert admin.execute("SELECT task FROM city.visit_photo").fetchall() == [(stays,)]


async def test_declined_reports_go_with_their_photo_after_90_days(
    city: City, anybody: httpx.AsyncClient, log_in: LogIn, api_settings: Settings, tmp_path: Path
) -> None:
    with plates.issued(city.database.owner, [city.here.dwelling], "", again=True) as (plate,):
        pass
    made = [
        (
            await anybody.post(
                f"/plates/{plate.code}/reports", json={"category": "leak", "photo": in_base64(photo((200, 100)))}
            )
        ).json()["id"]
        for _ in range(3)
    ]
    here = await log_in("here")
    for report in made[:2]:
        await here.post(f"/reports/{report}/decline", json={"reason": "测试"})
    with psycopg.connect(city.database.admin) as admin:
        admin.execute("UPDATE city.plate_report SET decided_at = now() - interval '91 days' WHERE id = %s", (made[0],))
        admin.execute("UPDATE city.plate_report SET made_at = now() - interval '1 year' WHERE id = %s", (made[2],))
    process = Retention(api_settings, threading.Event())
    process._now = int(datetime.now(UTC).timestamp()) * 1_000_000
    with psycopg.connect(city.database.sinks, autocommit=True) as sinks:
        assert process._forget_some(sinks, "report")
    assert stored(tmp_path) == 2
    with psycopg.connect(city.database.admin) as admin:
        left = admin.execute("SELECT id::text, state FROM city.plate_report").fetchall()
    assert set(left) == {(made[1], "declined"), (made[2], "waiting")}, "what no person has read is kept"


# --- the store itself: the same for a folder and a bucket


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "folder":
        yield Folder(tmp_path / "photos")
        return
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="photos")
        key = SecretStr("a key of the test")
        settings = Settings(
            _env_file=None,
            photos_url="s3://photos/citygrid",
            photos_s3_key=key,
            photos_s3_secret=key,
            photos_s3_sse=True,
        )
        yield photo_store(settings)


def test_a_store_keeps_gives_and_removes(store: ObjectStore) -> None:
    name = uuid.uuid4()
    assert store.get(name) is None
    store.put(name, b"picture")
    assert store.get(name) == b"picture"
    store.remove(name)
    store.remove(name)
    assert store.get(name) is None


def test_a_bucket_that_is_not_there_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s")
        store = Bucket(client, "nowhere")
        with pytest.raises(StoreAway):
            store.put(uuid.uuid4(), b"x")
        with pytest.raises(StoreAway):
            store.get(uuid.uuid4())


def test_an_object_of_a_bucket_lies_under_its_prefix_and_is_encrypted() -> None:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="photos")
        name = uuid.uuid4()
        Bucket(client, "photos", "citygrid/", encrypted=True).put(name, b"x")
        (listed,) = client.list_objects_v2(Bucket="photos")["Contents"]
        assert listed["Key"] == f"citygrid/{name.hex}"
        assert client.head_object(Bucket="photos", Key=listed["Key"])["ServerSideEncryption"] == "AES256"


def test_a_bucket_without_a_key_is_no_setting() -> None:
    with pytest.raises(SettingsRefused, match="CITYGRID_PHOTOS_S3_KEY"):
        object_store.photo_store(Settings(_env_file=None, photos_url="s3://photos"))


def test_files_of_a_folder_are_nobody_elses(tmp_path: Path) -> None:
    name = uuid.uuid4()
    Folder(tmp_path / "photos").put(name, b"x")
    (file,) = [one for one in (tmp_path / "photos").rglob("*") if one.is_file()]
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_a_photo_taken_sideways_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    written = io.BytesIO()
    Image.new("RGB", (400, 200)).save(written, "JPEG", exif=exif)
    with Image.open(io.BytesIO(pictures.plain(written.getvalue()))) as upright:
        assert upright.size == (200, 400)
