"""Good files, spoilt in the ways of offices and their programs, and what may come of it.

Each file states known events. Whatever is done to it, what is published must be events of the good file: a line that
was hit is published as it was meant or rejected, and a file that cannot be read is refused. What a mutation may cost is
its `costs`: the lines that may be rejected, or `ALL` where the file may be refused.

    python -m tests.office.mutated --count 10000
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import xlsxwriter

from producers.departments import civil_affairs, housing, police
from producers.publish.checked_lines import Bad, Good
from producers.publish.columns import Department, ExportUnknown
from producers.publish.export_file import lines
from producers.publish.export_lines import ExportFile, FileRefused
from producers.publish.statement import Checked, Ready, Statement
from tests.contracts.people import number
from wire.contracts import contracts
from wire.pseudonym import Pseudonyms

ALL = None
KEY = Pseudonyms(b"k" * 32)


class OneKey:
    """A door that sends nothing and knows people again."""

    def __init__(self) -> None:
        self._checked: dict[str, Checked] = {}

    def ready(self, topic: str, statement: Statement) -> Ready:
        if topic not in self._checked:
            self._checked[topic] = Checked(contracts()[topic], KEY)
        return self._checked[topic].ready(statement, time.time_ns() // 1000)

    def send(self, topic: str, ready: Ready) -> None:
        """Nothing is sent."""


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


#: What `name_decorated` puts around and into a name.
_DECORATION = re.compile(r"[\s*\u200b\[\]“”:]+|\(.*\)|（.*）")
Mutation = Callable[[Sheet, random.Random], None]


def _cell(sheet: Sheet, draw: random.Random) -> tuple[list[str], int]:
    row = draw.choice(sheet.rows)
    return row, draw.randrange(len(row))


def _somebody(sheet: Sheet, draw: random.Random) -> str:
    """A cell that stands in one line of the file: an identity number."""
    people = [cell for row in sheet.rows for cell in row if len(cell) == 18 and cell.startswith("990000")]
    return draw.choice(people) if people else ""


def shuffled(sheet: Sheet, draw: random.Random) -> None:
    draw.shuffle(sheet.rows)


def line_twice(sheet: Sheet, draw: random.Random) -> None:
    sheet.rows.insert(draw.randrange(len(sheet.rows) + 1), list(draw.choice(sheet.rows)))


def columns_moved(sheet: Sheet, draw: random.Random) -> None:
    order = list(range(len(sheet.header)))
    draw.shuffle(order)
    sheet.header = [sheet.header[place] for place in order]
    sheet.rows = [[row[place] if place < len(row) else "" for place in order] for row in sheet.rows]


def column_added(sheet: Sheet, draw: random.Random) -> None:
    place = draw.randrange(len(sheet.header) + 1)
    sheet.header.insert(place, draw.choice(["备注", "序号", "导出人", ""]))
    for row in sheet.rows:
        row.insert(min(place, len(row)), draw.choice(["", "x", "1"]))


def column_twice(sheet: Sheet, draw: random.Random) -> None:
    place = draw.randrange(len(sheet.header))
    if sheet.header[place]:
        sheet.header.append(sheet.header[place])
        for row in sheet.rows:
            row.append(number(draw.randrange(400_000)))
        sheet.costs = ALL


def column_lost(sheet: Sheet, draw: random.Random) -> None:
    place = draw.randrange(len(sheet.header))
    undecorated = _DECORATION.sub("", sheet.header[place])
    optional = undecorated in ("房屋编码", "备注", "序号", "导出人", "")  # a file without it states something else
    if not optional and sheet.header.count(sheet.header[place]) == 1:
        del sheet.header[place]
        for row in sheet.rows:
            del row[place : place + 1]
        sheet.costs = ALL


def name_decorated(sheet: Sheet, draw: random.Random) -> None:
    for place, name in enumerate(sheet.header):
        sheet.header[place] = draw.choice(
            [name, f" {name}", f"*{name}", f"{name}(必填)", f"[{name}]", f"{name[:2]} {name[2:]}", f"{name}\u200b",
             f"{name[:2]}\u3000{name[2:]}", f"“{name}”", f"{name}:", f"{name}（选填）"]
        ) if name else name  # fmt: skip


def name_unclear(sheet: Sheet, draw: random.Random) -> None:
    place = draw.randrange(len(sheet.header))
    if sheet.header[place]:
        sheet.header[place] += draw.choice(["(户主)", "(万元)", "(旧)", "2"])
        sheet.costs = ALL


def title_above(sheet: Sheet, draw: random.Random) -> None:
    for _ in range(draw.randint(1, 4)):
        sheet.above.append(draw.choice([["示例区月报表"], ["填报单位:户政科", "", "制表日期:2026-11-20"], ["", ""]]))


def total_below(sheet: Sheet, draw: random.Random) -> None:
    blank = [""] * (len(sheet.header) - 1)
    for _ in range(draw.randint(1, 3)):
        sheet.below.append([draw.choice(["合计", "总 计", "制表人:某", "注:以上为本月", "共3条"]), *blank])


def head_again(sheet: Sheet, draw: random.Random) -> None:
    sheet.rows.insert(draw.randrange(len(sheet.rows) + 1), list(sheet.header))


def blank_lines(sheet: Sheet, draw: random.Random) -> None:
    for _ in range(draw.randint(1, 3)):
        sheet.rows.insert(draw.randrange(len(sheet.rows) + 1), [""] * len(sheet.header))


def cell_dropped(sheet: Sheet, draw: random.Random) -> None:
    row, place = _cell(sheet, draw)
    sheet.hit("|".join(row))
    if len(row) == len(sheet.header) and sheet.form == "csv":
        del row[place]


def cell_inserted(sheet: Sheet, draw: random.Random) -> None:
    row, place = _cell(sheet, draw)
    if len(row) < len(sheet.header):
        return  # with a cell too few and one too many it states something else
    sheet.hit("|".join(row))
    if row == sheet.header:
        sheet.costs = ALL  # names in other places than those of the head may be another table's
    row.insert(place, draw.choice(["", "x", "二楼"]))


def cell_spoilt(sheet: Sheet, draw: random.Random) -> None:
    """A cell becomes what cannot be meant: the line is rejected."""
    named = [name.strip() for name in sheet.header]
    strict = [place for place, name in enumerate(named) if name in STRICT]
    rows = [row for row in sheet.rows if len(row) == len(sheet.header)]
    if strict and rows:
        row = draw.choice(rows)
        sheet.hit("|".join(row))
        row[draw.choice(strict)] = draw.choice(["?", "2026-02-30", "9.9E+17", "99000019800101", "#N/A", "\ufffd"])


def blanks_around(sheet: Sheet, draw: random.Random) -> None:
    row, place = _cell(sheet, draw)
    row[place] = draw.choice([" {}", "{} ", "\t{}", "\u3000{}", "{}\u00a0"]).format(row[place])
    if "\t" in row[place]:
        sheet.hit("|".join(row))


def other_delimiter(sheet: Sheet, draw: random.Random) -> None:
    sheet.delimiter = draw.choice("\t;|,")


def other_encoding(sheet: Sheet, draw: random.Random) -> None:
    sheet.encoding = draw.choice(["utf-8", "gb18030"])


def byte_order_marks(sheet: Sheet, draw: random.Random) -> None:
    sheet.encoding, sheet.marks = "utf-8", draw.randint(1, 2)


def other_line_ends(sheet: Sheet, draw: random.Random) -> None:
    sheet.line_end = draw.choice(["\n", "\r", "\r\n"])


def delimiter_named(sheet: Sheet, draw: random.Random) -> None:
    sheet.named_delimiter = True


def everything_quoted(sheet: Sheet, draw: random.Random) -> None:
    sheet.quoted = True


def as_workbook(sheet: Sheet, draw: random.Random) -> None:
    sheet.form = "xlsx"


def as_web_page(sheet: Sheet, draw: random.Random) -> None:
    sheet.form = "html"


def as_json(sheet: Sheet, draw: random.Random) -> None:
    whole = all(len(row) == len(sheet.header) for row in sheet.rows)
    if whole and len(set(sheet.header)) == len(sheet.header) and all(sheet.header):
        sheet.form = draw.choice(["json", "jsonl"])


def quotation_mark(sheet: Sheet, draw: random.Random) -> None:
    """A stray mark in a line of the finished text costs that line."""
    who, place = _somebody(sheet, draw), draw.random()
    sheet.hit(who)
    sheet.spoil = lambda text: _in_line(text, who, place, '"', sheet)


def byte_lost(sheet: Sheet, draw: random.Random) -> None:
    who = _somebody(sheet, draw)
    sheet.hit(who)
    sheet.spoil = lambda text: _in_line(text, who, 0.9, b"\xff", sheet)


def cut(sheet: Sheet, draw: random.Random) -> None:
    """The file ends in the middle."""
    share = 0.7 + draw.random() * 0.3
    if len(sheet.rows) < 8:
        return  # of one line alone nobody can tell that its last cell was longer
    sheet.costs = ALL
    sheet.spoil = lambda content: content[: int(len(content) * share)]


def junk(sheet: Sheet, draw: random.Random) -> None:
    sheet.costs = ALL
    noise = draw.randbytes(draw.randint(0, 400))
    sheet.spoil = lambda content: draw.choice([noise, noise + content, content[:50] + noise])


MUTATIONS: tuple[Mutation, ...] = (
    shuffled, line_twice, columns_moved, column_added, column_twice, column_lost, name_decorated, name_unclear,
    title_above, total_below, head_again, blank_lines, cell_dropped, cell_inserted, cell_spoilt, blanks_around,
    other_delimiter, other_encoding, byte_order_marks, other_line_ends, delimiter_named, everything_quoted, as_workbook,
    as_web_page, as_json, quotation_mark, byte_lost, cut, junk,
)  # fmt: skip
STRICT = frozenset(
    {"公民身份号码", "出租人身份证号", "申请人身份证号", "发生日期", "登记时间", "录入时间", "审批日期", "起始日期"}
    | {"业务类型", "变更类型"}
)
SLOW = frozenset({"xlsx", "html"})


def mutated(draw: random.Random, slow: bool = True) -> tuple[Sheet, set[str], list[str]]:
    """A good file's events by id, and the file after one to four mutations, by their names."""
    sheet = good(draw)
    stated = events(sheet)
    names = []
    for mutation in draw.sample(MUTATIONS, draw.randint(1, 4)):
        before = sheet.form
        mutation(sheet, draw)
        if not slow and sheet.form in SLOW:
            sheet.form = before
        names.append(mutation.__name__)
    return sheet, stated, names


def events(sheet: Sheet) -> set[str]:
    """The ids of the events that the sheet states as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "good.csv"
        path.write_bytes(written(sheet))
        found, rejected, refused = read(path, sheet.department)
    assert not rejected, rejected
    assert refused is None, refused
    return found


def read(path: Path, department: Department) -> tuple[set[str], list[Bad], str | None]:
    """The ids of the events that would be published, the rejected lines, and why the file was refused if it was."""
    found: set[str] = set()
    rejected: list[Bad] = []
    try:
        with ExportFile(path) as file:
            for line in lines(file, department, OneKey()):
                if isinstance(line, Good):
                    found |= {ready.event_id for _, ready in line.events}
                else:
                    rejected.append(line)
    except (FileRefused, ExportUnknown) as refused:
        return set(), [], str(refused)
    return found, rejected, None


def trouble(path: Path, sheet: Sheet, stated: set[str]) -> str | None:
    """What is wrong with how the mutated file was read; None if nothing is."""
    found, rejected, refused = read(path, sheet.department)
    if refused is not None:
        return None if sheet.costs is ALL else f"refused: {refused}"
    if found - stated:
        return f"{len(found - stated)} events published that nobody stated"
    if sheet.costs is not ALL and (lost := len(stated) - len(found)) > len(sheet.costs):
        return f"{lost} events lost for {len(sheet.costs)} spoilt lines: {[bad[:3] for bad in rejected]}"
    if sheet.costs is not ALL and len(found) < len(stated) and not rejected:
        return "an event is lost without a rejected line"
    return None


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


def _in_line(content: bytes, who: str, share: float, what: str | bytes, sheet: Sheet) -> bytes:
    if sheet.form in SLOW or sheet.form in ("json", "jsonl"):
        return content
    if not who:
        return content
    end = sheet.line_end.encode()
    written_lines = content.split(end)
    places = [place for place, line in enumerate(written_lines) if who.encode() in line]
    if not places:
        return content
    place = places[0]
    line = written_lines[place]
    mark = what if isinstance(what, bytes) else what.encode()
    at = 0 if not line else int(len(line) * share)
    while at and line[at : at + 1] >= b"\x80":
        at -= 1
    written_lines[place] = line[:at] + mark + line[at:]
    return end.join(written_lines)


def main() -> int:
    """Say which of many mutated files were read wrongly; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first file")
    given = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        for seed in range(given.first, given.first + given.count):
            draw = random.Random(seed)
            sheet, stated, names = mutated(draw, slow=seed % 20 == 0)
            path.write_bytes(written(sheet))
            if why := trouble(path, sheet, stated):
                wrong += 1
                print(f"seed {seed} ({', '.join(names)}): {why}", flush=True)
    print(f"{given.count} mutated files, {wrong} read wrongly")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
