"""A table as an office's program writes it: without a fault, in any form, encoding and delimiter."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import xlsxwriter

from producers.departments import civil_affairs, housing, police
from producers.publish.columns import Department
from tests.contracts.people import number

#: What a mutation may cost where the file may be refused.
ALL = None
#: Forms that take long to write and to read.
SLOW = frozenset({"xlsx", "html"})


@dataclass
class Sheet:
    """A table as it will be written, and how."""

    department: Department
    header: list[str]
    rows: list[list[str]]
    above: list[list[str]] = field(default_factory=list)
    below: list[list[str]] = field(default_factory=list)
    form: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    line_end: str = "\r\n"
    marks: int = 0
    named_delimiter: bool = False
    quoted: bool = False
    spoil: Callable[[bytes], bytes] | None = None
    costs: set[str] | None = field(default_factory=set)
    """Records whose lines may be rejected; ALL: the file may be refused."""

    def hit(self, *records: str) -> None:
        if self.costs is not ALL:
            self.costs |= set(records)


def good(draw: random.Random) -> Sheet:
    """A file without a fault."""
    count = draw.randint(1, 12)
    people = [number(draw.randrange(400_000)) for _ in range(count)]
    day = f"2026-0{draw.randint(1, 9)}-{draw.randint(10, 28)}"
    match draw.randrange(4):
        case 0:
            header = "登记编号,业务类型,公民身份号码,姓名,性别,出生日期,户号,房屋编码,住址,与户主关系,发生日期,登记时间"
            rows = [
                [f"HK-{i}", "迁入登记", who, "测试某", "女", "1980-01-02", f"H-{i}", f"D-{i}", "样本路1号,二楼", "户主",
                 day, f"{day} 09:00:00"]
                for i, who in enumerate(people)
            ]  # fmt: skip
            return Sheet(police.DEPARTMENT, header.split(","), rows)
        case 1:
            header = "登记编号,业务类型,公民身份号码,联系电话,发生日期,登记时间"
            rows = [
                [f"HK-{i}", "联系方式变更", who, f"138{i:08d}", day, f"{day} 10:00:00"] for i, who in enumerate(people)
            ]
            return Sheet(police.DEPARTMENT, header.split(","), rows)
        case 2:
            header = "备案编号,房屋编码,业务类型,出租人身份证号,承租人身份证号,起租日期,发生日期,录入时间"
            rows = [
                [f"ZL-{i}", f"D-{i}", "租赁备案", who, number(7), day, day, f"{day} 09:00:00"]
                for i, who in enumerate(people)
            ]
            return Sheet(housing.DEPARTMENT, header.split(","), rows)
    header = "救助案号,变更类型,申请人身份证号,救助项目,起始日期,审批日期,录入时间"
    rows = [[f"JZ-{i}", "批准", who, "低保", day, day, day] for i, who in enumerate(people)]
    return Sheet(civil_affairs.DEPARTMENT, header.split(","), rows)


def written(sheet: Sheet) -> bytes:
    """The bytes of the file."""
    rows = [*sheet.above, sheet.header, *sheet.rows, *sheet.below]
    form = sheet.form
    if form in ("json", "jsonl") and any(len(row) != len(sheet.header) for row in sheet.rows):
        form = "csv"  # an object has no cell too many
    match form:
        case "xlsx":
            content = _workbook(rows)
        case "html":
            content = _web_page(rows)
        case "json" | "jsonl":
            objects = [_object(sheet.header, row) for row in sheet.rows]
            text = "\n".join(objects) if sheet.form == "jsonl" else f"[{','.join(objects)}]"
            content = b"\xef\xbb\xbf" * sheet.marks + text.encode()
        case _:
            content = _text(sheet, rows)
    return sheet.spoil(content) if sheet.spoil else content


def _object(names: list[str], cells: list[str]) -> str:
    """As a careless program writes it: a name may stand twice."""
    pairs = (f"{json.dumps(name)}: {json.dumps(cell)}" for name, cell in zip(names, cells, strict=True))
    return f"{{{', '.join(pairs)}}}"


def _text(sheet: Sheet, rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    dialect = csv.unix_dialect if sheet.quoted else csv.excel
    csv.writer(out, dialect, delimiter=sheet.delimiter, lineterminator=sheet.line_end).writerows(rows)
    head = f"sep={sheet.delimiter}{sheet.line_end}" if sheet.named_delimiter else ""
    return b"\xef\xbb\xbf" * sheet.marks + (head + out.getvalue()).encode(sheet.encoding)


def _workbook(rows: list[list[str]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write_string(place, column, value)
    return out.getvalue()


def _web_page(rows: list[list[str]]) -> bytes:
    def cell(value: str) -> str:
        return f"<td>{value.replace('&', '&amp;').replace('<', '&lt;')}</td>"

    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    return f'<html><meta charset="utf-8"><table>{body}</table></html>'.encode()
