"""The same content through every door is the same event, or is refused at each: a table (CSV, JSON, workbook, web page),
the departments' HTTP door, a file of statements, and an outbox's row."""
# ruff: noqa: E501 (lines of tables)

from __future__ import annotations

import csv
import html
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from demo.sheets import READERS
from producers.doors.batch import BatchRefused, Form
from producers.outbox.relay import _statement as of_outbox
from producers.outbox.relay import of_department
from producers.publish.checked_lines import Good
from producers.publish.export_file import lines
from producers.publish.export_lines import ExportFile
from producers.publish.statement import Checked, InvalidStatement
from tests.contracts.people import full_width, number
from tests.contracts.test_office_values import BENEFIT, CAR, DWELLING, KEY, LEASE, MOVED_IN, WHO, OneKey
from wire.contracts import contracts

AT = {"occurred_at": "2026-11-01T00:00:00+08:00"}
#: department, topic, a line of its export, and the same as a statement.
LINES: dict[str, tuple[str, str, dict[str, str], dict[str, Any]]] = {
    "MovedIn": ("police", "police.household-registration", MOVED_IN, {
        "kind": "MovedIn", "record": "HK-1", "subject": WHO, **AT, "recorded_at": "2026-11-02T09:00:00+08:00",
        "change": {"name": "测试", "sex": "male", "born": "1980-01-01", "household": "H-1", "dwelling": "D-1",
                   "address": "样本路1号", "relation": "head"}}),
    "Let": ("housing", "housing.tenancy", LEASE, {
        "kind": "Let", "record": "ZL-1", "subject": "D-1", **AT, "recorded_at": "2026-11-02T09:00:00+08:00",
        "change": {"landlord": number(8), "tenants": [WHO], "start": "2026-11-01"}}),
    "Registered": ("transport", "transport.vehicle-registration", CAR, {
        "kind": "Registered", "record": "粤AB0600", "subject": WHO, **AT, "recorded_at": "2026-11-02T00:00:00+08:00",
        "change": {"vehicle_kind": "car", "owner": WHO}}),
    "DwellingRegistered": ("housing", "housing.dwelling-register", DWELLING, {
        "kind": "DwellingRegistered", "record": "FW-1", "subject": "D-1", **AT,
        "recorded_at": "2026-11-02T08:00:00+08:00",
        "change": {"grid": "440113001001003", "address": "样本路1号", "floor_area_m2": 60, "use": "residential",
                   "district": "440113"}}),
    "Granted": ("civil-affairs", "civil-affairs.social-assistance", BENEFIT, {
        "kind": "Granted", "record": "JZ-1", "subject": WHO, **AT, "recorded_at": "2026-11-02T00:00:00+08:00",
        "change": {"programme": "dibao", "effective_from": "2026-11-01"}}),
}  # fmt: skip
FIELDS = (
    ("MovedIn", "登记编号", "record"),
    ("MovedIn", "公民身份号码", "subject"),
    ("MovedIn", "姓名", "name"),
    ("MovedIn", "户号", "household"),
    ("MovedIn", "房屋编码", "dwelling"),
    ("MovedIn", "住址", "address"),
    ("Let", "备案编号", "record"),
    ("Let", "房屋编码", "subject"),
    ("Let", "出租人身份证号", "landlord"),
    ("Registered", "号牌号码", "record"),
    ("DwellingRegistered", "网格编码", "grid"),
    ("Granted", "联系电话", "phone"),
)
WHO_ELSE = number(21)
WRITTEN = (
    *("D-7", " D-7 ", "'D-7", "'D-7'", "‘D-7’", '="D-7"', '"D-7"', full_width("D-7"), "D\u200b-7", "\ufeffD-7", "D–7"),
    *("D-7。", "D-7'", "d-7", "D 7", "D-7(旧)", "D-7&nbsp;", "7", "007", "0", "000", "7.0", "7,001", "4.40113E+18"),
    *("4.4e18", "3E02", "1月2日", "2-Jan", "Jan-02", "#N/A", "####", "=B2", "=VLOOKUP(A2,B:C,2,0)", "同上", "〃"),
    *("NULL", "None", "nan", "无", "-", "\\N", "undefined", "不详", "880001202611011000", "440113202611010001"),
    *(WHO_ELSE, WHO_ELSE.lower(), full_width(WHO_ELSE), f"'{WHO_ELSE}", f"{WHO_ELSE}42", WHO_ELSE[:-1]),
    *(f"{WHO_ELSE[:6]} {WHO_ELSE[6:14]} {WHO_ELSE[14:]}", WHO_ELSE[:6] + WHO_ELSE[8:17], WHO_ELSE[:15] + "000"),
    *("H12345678", "h1234567801", "H12345678(01)", "H123456789", "12345678", "1234567801", "1234567(8)", "1/234567/8"),
    *("护照:E12345678", "passport:e12345678", "E12345678", "A123456(7)", "M12345678", "CHN110012345678", "19610909"),
    *("粤A12345", "粤A·12345", "粤A-12345", "粤a 12345", "粤AD12345", "粤A1234学", "粤Z1234港", "粤A12345蓝", "无牌", "粤B12O45"),
    *("440113001001003", "440113 001 001 003", "440113001001003.0", "4.40113E+14", "440113000001003"),
    *("13800000014", "+86 138-0000-0014", "020-88888888", "8620-88888888", "00000000000", "13800000014/13900000015"),
    *("D-7;", "+D-7", "{D-7}", "2026/1/2", "A12345", "粤A12345车", "蓝粤A12345", "852-91234567", "0085291234567", "1380000001"),
    *("张*", "张&amp;三", "%E5%BC%A0%E4%B8%89", "寮犱笁", "ÕÅÈý", "张三<br>", "\\u5f20\\u4e09", "护照(因私):E12345678"),
    *("张三", "'张三'", "张?", "王\ufffd", "样本路1号", "样本路1号 ", "路\n2号", "锟斤拷", "123", "·", "#3号楼"),
)  # fmt: skip

NOTHING = ("NULL", "None", "nan", "无", "-", "\\N", "undefined", "00000000000")

Outcome = str | None
"""The event's id, or None: refused."""


def of_table(path: Path, department: str, count: int) -> list[Outcome]:
    """Of each line of a file."""
    with ExportFile(path) as file:
        made = list(lines(file, READERS[department], OneKey()))
    assert len(made) == count
    return [line.events[0][1].event_id if isinstance(line, Good) else None for line in made]


def csv_file(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    return path


def json_file(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    objects = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    path.write_text(json.dumps(objects, ensure_ascii=False), encoding="utf-8")
    return path


def workbook(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell:
                    sheet.write_string(place, column, cell)
    return path


def web_page(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    written = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>".replace("\n", "<br>") for cell in row) + "</tr>"
        for row in rows
    )
    path.write_text(f"<html><table>{written}</table></html>", encoding="utf-8")
    return path


def of_gateway(topic: str, item: dict[str, Any]) -> Outcome:
    try:
        (ready,) = Form(contracts()[topic], KEY).batch(json.dumps([item]).encode("utf-8", "surrogatepass"), 10)
    except BatchRefused:
        return None
    return ready.event_id


def of_row(topic: str, item: dict[str, Any]) -> Outcome:
    """As the relay makes it of an outbox's row."""
    department = contracts()[topic].department
    try:
        statement = of_outbox(topic, item, of_department(department))
        return Checked(contracts()[topic], KEY).ready(statement, time.time_ns() // 1000).event_id
    except InvalidStatement:
        return None


def stated(kind: str, field: str, text: str) -> dict[str, Any]:
    item = LINES[kind][3]
    if field in ("record", "subject"):
        return {**item, field: text}
    return {**item, "change": {**item["change"], field: text}}


FORMS: Mapping[str, Callable[[Path, Sequence[Sequence[str]]], Path]] = {
    "a.csv": csv_file,
    "a.json": json_file,
    "a.xlsx": workbook,
    "a.xls": web_page,
}


@pytest.mark.parametrize("kind", LINES)
def test_the_line_is_the_same_event_at_every_door(kind: str, tmp_path: Path) -> None:
    department, topic, cells, item = LINES[kind]
    (in_table,) = of_table(csv_file(tmp_path / "a.csv", [list(cells), list(cells.values())]), department, 1)
    assert in_table == of_gateway(topic, item) == of_row(topic, item)
    assert in_table is not None


@pytest.mark.parametrize(("kind", "column", "field"), FIELDS)
def test_what_is_written_into_a_field_is_one_thing_at_every_door(
    kind: str, column: str, field: str, tmp_path: Path
) -> None:
    department, topic, cells, _ = LINES[kind]
    names = [*cells, *([] if column in cells else [column])]
    rows = [[text if name == column else cells[name] for name in names] for text in WRITTEN]
    outcomes = {
        name: of_table(write(tmp_path / name, [names, *rows]), department, len(WRITTEN))
        for name, write in FORMS.items()
    }
    outcomes["gateway"] = [of_gateway(topic, stated(kind, field, text)) for text in WRITTEN]
    outcomes["outbox"] = [of_row(topic, stated(kind, field, text)) for text in WRITTEN]
    wrong = {}
    for place, text in enumerate(WRITTEN):
        doors = {name: made[place] for name, made in outcomes.items()}
        if text in NOTHING and field in ("dwelling", "phone"):
            # an empty cell is as good as null, which who states JSON has a word for
            assert doors.pop("gateway") is doors.pop("outbox") is None, text
        if len(set(doors.values())) > 1:
            wrong[text] = doors
    assert wrong == {}
