"""What cannot be published is said in a sentence, in both languages, with an exit code, and never by a traceback."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.settings import Settings
from tests.integration.publish.test_publish import (
    HEADER,
    POLICE,
    as_process,
    city,
    citygrid,
    event_ids,
    moved_in,
    write,
)

__all__ = ["city"]


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "x")


def _workbook_that_is_none(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")


ODD: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 300),
    "encrypted": lambda path: path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "EncryptedPackage".encode("utf-16-le")
    ),
    "archive": _zip,
    "no workbook": _workbook_that_is_none,
    "cut archive": lambda path: path.write_bytes(b"PK\x03\x04" + bytes(100)),
    "pipe": os.mkfifo,
    "head only": lambda path: path.write_text(HEADER, encoding="utf-8"),
    "UTF-16": lambda path: path.write_bytes(HEADER.encode("utf-16")),
    "half a page": lambda path: path.write_text("<html><table><tr><td>1"),
    "JSON that breaks off": lambda path: path.write_text('[{"登记编号": "1"'),
    "JSON of nothing": lambda path: path.write_text("[]"),
    "noughts": lambda path: path.write_bytes(bytes(5_000)),
    "a line of 200 MB": lambda path: path.write_bytes(b"x" * 200_000_000),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_is_refused_in_both_languages(name: str, city: Settings, tmp_path: Path) -> None:
    path = tmp_path / "户籍变动.xlsx"
    ODD[name](path)
    ran = citygrid(city, "police", str(path), "--wait", "0")
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert any("\u4e00" <= sign <= "\u9fff" for sign in ran.stderr.replace(str(path), ""))
    assert str(path) in ran.stderr or "fit no export" in ran.stderr


def test_what_is_rejected_is_said_in_both_languages_wherever_it_is_said(city: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "户籍变动.csv", [moved_in(0), moved_in(1, on="2026-02-30"), moved_in(2, household="0")])
    ran = citygrid(city, "police", str(path), "--wait", "0")
    assert ran.returncode == 3
    assert "日期或时间不存在 · is a date or time that does not exist" in " ".join(ran.stdout.split())
    assert "行未接受" in ran.stderr
    with path.with_name(path.name + ".rejected.csv").open(encoding="utf-8-sig", newline="") as opened:
        assert [line["reason"].split(" · ")[0] for line in csv.DictReader(opened)] == [
            "日期或时间不存在",
            "有误：是 0：公式对空单元格的结果，请留空",
        ]
    ran = citygrid(city, "police", str(path), "--wait", "0", "--json")
    report = json.loads(ran.stdout)
    assert {one["reason_zh"][:2] for one in report["rejected"]} == {"日期", "有误"}
    ran = citygrid(city, "police", str(write(tmp_path / "空.csv", [])), "--json")
    assert (ran.returncode, json.loads(ran.stdout)["refused_zh"]) == (2, "文件中没有可发布的内容")
    assert len(set(event_ids(city, POLICE))) == 1


def test_a_folder_in_the_way_is_said(city: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "户籍变动.csv", [moved_in(0, household="0")])
    (tmp_path / "户籍变动.csv.rejected.csv").mkdir()
    ran = as_process(city, "police", str(path), "--wait", "0")
    assert (ran.returncode, "Traceback" in ran.stderr) == (2, False)
    assert "cannot be read or written" in ran.stderr
