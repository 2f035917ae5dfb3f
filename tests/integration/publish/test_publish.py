"""An export file onto a real cluster: whole, once, without a number of anybody, whatever happens in the middle."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import pytest
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from citygrid.cli import main
from runtime.settings import CHECKOUT, Settings
from tests.contracts.people import full_width, number
from tests.schemas import register_schemas
from wire.codec import Decoder
from wire.contracts import contracts
from wire.registry import Registry
from wire.topics import ensure_topics

POLICE = "police.household-registration"
HEADER = (
    "登记编号,业务类型,公民身份号码,姓名,性别,出生日期,户号,房屋编码,"
    "住址,与户主关系,是否集体户,发生日期,登记时间,死亡日期"
)
FORMS = ("20260131", "2026-01-31", "2026/1/31", "2026年1月31日", full_width("2026-01-31"))


@pytest.fixture
def city(settings: Settings) -> Settings:
    """Settings with topics and schemas ready."""
    ensure_topics(settings)
    register_schemas(settings)
    return settings


def moved_in(index: int, **cells: str) -> list[str]:
    person = number(index)
    line = {
        "record": f"HK{index:07d}",
        "kind": "迁入登记",
        "number": full_width(person) if index % 3 == 0 else person,
        "name": "测试某",
        "sex": "女",
        "born": FORMS[index % 5],
        "household": f"H{index // 3:06d}",
        "dwelling": "" if index % 4 == 0 else f"D{index // 3:06d}",
        "address": "示例区样本路１号,二楼",
        "relation": "户主",
        "collective": "",
        "on": FORMS[(index + 1) % 5],
        "recorded": "2026-02-01 08:30:00",
        "died": "",
    }
    return list((line | cells).values())


def write(path: Path, rows: Sequence[Sequence[str]], encoding: str = "gb18030") -> Path:
    with path.open("w", encoding=encoding, newline="") as out:
        rows_out = csv.writer(out)
        rows_out.writerow(HEADER.split(","))
        rows_out.writerows(rows)
    return path


def environment(city: Settings) -> dict[str, str]:
    variables = {
        "CITYGRID_KAFKA_BOOTSTRAP": city.kafka_bootstrap,
        "CITYGRID_REGISTRY_URL": city.registry_url,
        "CITYGRID_TOPIC_PREFIX": city.topic_prefix,
        "CITYGRID_PSEUDONYM_KEY_FILE": str(city.pseudonym_key_file),
        "CITYGRID_STATE_DIR": str(city.state_dir),
    }
    return {key: value for key, value in os.environ.items() if not key.startswith("CITYGRID_")} | variables


def citygrid(city: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`citygrid publish …` as its script does, in this process: its start takes longer than its work. `as_process` is
    the script itself."""
    out, errors, umask = io.StringIO(), io.StringIO(), os.umask(0o077)
    try:
        with (
            mock.patch.dict(os.environ, environment(city) | {"COLUMNS": "80"}, clear=True),
            mock.patch.object(sys, "stdin", io.StringIO()),
            mock.patch.object(sys, "argv", ["citygrid", "publish", *arguments]),
            redirect_stdout(out),
            redirect_stderr(errors),
            pytest.raises(SystemExit) as ended,
        ):
            main()
    finally:
        os.umask(umask)
    return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), out.getvalue(), errors.getvalue())


def as_process(city: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "citygrid", "publish", *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment(city), capture_output=True, text=True, timeout=120, check=False
    )


def messages(city: Settings, topic: str) -> Iterator[Message]:
    """Everything on a topic, to its end as it is now."""
    consumer = Consumer(
        {
            **city.kafka_client(),
            "group.id": f"{city.topic_prefix}look",
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    try:
        parts = list(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, part, 0) for part in parts])
        waiting, deadline = set(parts), time.monotonic() + 60
        while waiting:
            assert time.monotonic() < deadline
            message = consumer.poll(0.5)
            if message is None:
                continue
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                waiting.discard(message.partition())
    finally:
        consumer.close()


def event_ids(city: Settings, topic: str = POLICE) -> list[str]:
    return [headers(message)["ce_id"].decode() for message in messages(city, city.topic_prefix + topic)]


def headers(message: Message) -> dict[str, bytes]:
    values = {}
    for name, value in message.headers() or []:  # type: ignore[str-unpack]
        assert isinstance(value, bytes)
        values[str(name)] = value
    return values


def test_a_file_with_bad_lines(city: Settings, tmp_path: Path) -> None:
    rows = [moved_in(index) for index in range(1000)]
    rows[10] = moved_in(10, number=number(10)[:-1] + "?")
    rows[20] = moved_in(20, on="2026-02-30")
    rows[30] = moved_in(30, kind="搬家")
    rows[40] = moved_in(40, household="")
    rows[50] = moved_in(50, on="2999-01-01")
    rows[60] = moved_in(60, address=f"找{number(61)}")
    file = write(tmp_path / "户籍变动.csv", rows)
    ran = as_process(city, "police", str(file), "--wait", "0")
    assert ran.returncode == 3, ran.stderr
    assert "gb18030" in ran.stdout
    assert "994" in ran.stdout
    assert "events published: 994 MovedIn" in ran.stdout

    rejected = tmp_path / "户籍变动.csv.rejected.csv"
    assert stat.S_IMODE(rejected.stat().st_mode) == 0o600
    with rejected.open(encoding="utf-8-sig", newline="") as opened:
        noted = list(csv.DictReader(opened))
    assert [(line["line"], line["field"]) for line in noted] == [
        ("12", "公民身份号码"),
        ("22", "发生日期"),
        ("32", "业务类型"),
        ("42", "户号"),
        ("52", "发生日期"),
        ("62", "住址"),
    ]
    people = {number(index) for index in range(1000)}
    for line in noted:
        assert line["reason"]
        assert not any(person[:17] in line["reason"] for person in people)
        assert line["original"].startswith("HK")
    assert not any(person[:17] in ran.stdout + ran.stderr for person in people)

    assert len(set(event_ids(city))) == 994
    wanted = {"ce_id", "ce_source", "ce_type", "ce_specversion", "ce_time", "content-type"}
    decoder = Decoder(Registry.of(city), topic_prefix=city.topic_prefix)
    for message in messages(city, city.topic_prefix + POLICE):
        values = headers(message)
        event = decoder.decode(city.topic_prefix + POLICE, message.key(), message.value())
        assert set(values) == wanted
        assert values["ce_type"] == b"cn.citygrid.police.MovedIn"
        assert values["ce_source"] == b"/departments/police"
        assert event.kind == "MovedIn"  # type: ignore[union-attr]
        assert event.event_id == values["ce_id"].decode()  # type: ignore[union-attr]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encoding_does_not_matter(city: Settings, tmp_path: Path, encoding: str) -> None:
    file = write(tmp_path / "x.csv", [moved_in(index) for index in range(50)], encoding)
    same = write(tmp_path / "y.csv", [moved_in(index) for index in range(50)], "gb18030")
    for path in (file, same):
        ran = citygrid(city, "police", str(path), "--wait", "0")
        assert ran.returncode == 0, ran.stderr
    ids = event_ids(city)
    assert (len(ids), len(set(ids))) == (100, 50)
    assert not (tmp_path / "x.csv.rejected.csv").exists()


def test_no_number_is_anywhere_on_the_wire(city: Settings, tmp_path: Path) -> None:
    def table(name: str, header: str, *rows: str) -> Path:
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n", encoding="gb18030")
        return path

    a, b, c = number(1), number(2), number(3)
    born = table(
        "b.csv",
        "登记编号,业务类型,公民身份号码,姓名,性别,出生日期,户号,发生日期,登记时间,母亲公民身份号码,父亲公民身份号码,亲属公民身份号码,亲属关系",
        f"HK1,出生登记,{a},测试甲,男,2026-01-01,H1,2026-01-01,2026-01-02,{b},{c},,",
        f"HK2,亲属关系,{b},,,,,2026-01-03,2026-01-03,,,{a},子",
    )
    married = table(
        "m.csv", "证件字号,业务类型,登记日期,男方身份证件号码,女方身份证件号码,录入时间",
        f"J1,结婚登记,20200520,{c},{b},20200520",
    )  # fmt: skip
    cars = table(
        "v.csv", "号牌号码,业务类型,车辆类型,所有人身份证号,原所有人身份证号,业务日期,录入时间",
        f"粤A1,注册登记,小型轿车,{a},,2026-01-01,2026-01-01", f"粤A1,转移登记,小型轿车,{b},{a},2026-01-05,2026-01-05",
    )  # fmt: skip
    let = table(
        "t.csv", "备案编号,房屋编码,业务类型,出租人身份证号,承租人身份证号,起租日期,发生日期,录入时间",
        f"Z1,D1,租赁备案,{a},{b}、{c},2026-01-01,2026-01-01,2026-01-01",
    )  # fmt: skip
    for department, file in (("police", born), ("civil-affairs", married), ("transport", cars), ("housing", let)):
        ran = citygrid(city, department, str(file), "--wait", "0")
        assert ran.returncode == 0, ran.stdout + ran.stderr
    content = b""
    counted = {}
    for topic in contracts():
        sent = list(messages(city, city.topic_prefix + topic))
        counted[topic] = len(sent)
        for message in sent:
            key, value = message.key(), message.value()
            assert isinstance(key, bytes)
            assert isinstance(value, bytes)
            content += b"\n".join([key, value, *headers(message).values()])
    assert {topic: count for topic, count in counted.items() if count} == {
        POLICE: 2,
        "civil-affairs.marriage": 2,
        "transport.vehicle-registration": 3,
        "housing.tenancy": 1,
    }
    for person in (a, b, c):
        assert person.encode() not in content
        assert person[:17].encode() not in content


def test_killed_in_the_middle_and_run_again(city: Settings, tmp_path: Path) -> None:
    """The set of events is that of one run: what was sent twice is the same event."""
    count = 20_000
    file = write(tmp_path / "large.csv", [moved_in(index) for index in range(count)])
    command = [sys.executable, "-m", "citygrid", "publish", "police", str(file), "--wait", "0"]
    with (tmp_path / "out").open("w") as out:
        process = subprocess.Popen(command, cwd=CHECKOUT, env=environment(city), stdout=out, stderr=out)
        deadline = time.monotonic() + 60
        while not any(True for _ in messages(city, city.topic_prefix + POLICE)):
            assert time.monotonic() < deadline
            assert process.poll() is None, (tmp_path / "out").read_text()
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = len(event_ids(city))
    assert 0 < before < count
    ran = as_process(city, "police", str(file), "--wait", "0")
    assert ran.returncode == 0, ran.stderr
    ids = event_ids(city)
    assert len(ids) == before + count
    assert len(set(ids)) == count


def test_what_cannot_be_published_says_why(city: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", [moved_in(1)])
    assert "transport" in citygrid(city, "fire-brigade", str(file)).stderr
    wrong = citygrid(city, "tax", str(file))
    assert wrong.returncode == 2
    assert "文书号" in wrong.stderr
    rehearsal = citygrid(city, "police", str(file), "--dry-run")
    assert rehearsal.returncode == 0
    assert event_ids(city) == []
    nowhere = city.model_copy(update={"topic_prefix": "nowhere."})
    unknown = citygrid(nowhere, "police", str(file))
    assert unknown.returncode == 2
    assert "schemas register" in unknown.stderr or "citygrid up" in unknown.stderr


def test_a_line_that_is_mended_and_published_again_clears_the_count(city: Settings, tmp_path: Path) -> None:
    first = write(tmp_path / "1.csv", [moved_in(0), moved_in(1, household=""), moved_in(2, on="2026-02-30")])
    assert json.loads(citygrid(city, "police", str(first), "--wait", "0", "--json").stdout)["rejected_lines"] == 2
    waiting = tmp_path / "1.csv.rejected.csv"
    one = citygrid(city, "police", str(write(tmp_path / "2.csv", [moved_in(1)])), "--wait", "0", "--json")
    report = json.loads(one.stdout)
    assert (report["mended_lines"], report["open_lines_of_earlier_files"]) == (1, 1)
    with waiting.open(encoding="utf-8-sig", newline="") as opened:
        assert [line["record"] for line in csv.DictReader(opened)] == ["HK0000002"]
    wrong = citygrid(city, "police", str(write(tmp_path / "3.csv", [moved_in(2, name="")])), "--wait", "0", "--json")
    report = json.loads(wrong.stdout)
    assert (report["mended_lines"], report["open_lines_of_earlier_files"]) == (0, 1), "it was mended badly"
    last = citygrid(city, "police", str(write(tmp_path / "3.csv", [moved_in(2)])), "--wait", "0", "--json")
    report = json.loads(last.stdout)
    assert (report["mended_lines"], report["open_lines_of_earlier_files"]) == (1, 0)
    assert not waiting.exists()
    assert not (tmp_path / "3.csv.rejected.csv").exists()
