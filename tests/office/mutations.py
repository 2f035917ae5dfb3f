"""What offices and their programs do to a good file: each function spoils a sheet in one way and says what it costs."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from tests.contracts.people import number
from tests.office.sheet import ALL, SLOW, Sheet

#: What `name_decorated` puts around and into a name.
_DECORATION = re.compile(r"^\d+[.、]|[\s*\u200b\[\]“”:▼]+|\(.*\)|（.*）")
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


def names_numbered(sheet: Sheet, draw: random.Random) -> None:
    form = draw.choice(["{}.{}", "{}、{}", "{1}▼"])
    sheet.header = [form.format(place, name) if name else name for place, name in enumerate(sheet.header, 1)]


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


def of_a_database(sheet: Sheet, draw: random.Random) -> None:
    """What a database's own program writes below the names and below the records."""
    if draw.random() < 0.5:
        sheet.rows.insert(0, ["-" * draw.randint(2, 9) for _ in sheet.header])
    else:
        sheet.rows.insert(0, [str(place) for place, _ in enumerate(sheet.header, 1)])
    blank = [""] * (len(sheet.header) - 1)
    sheet.below.append(
        [draw.choice(["(3 rows affected)", "(3 行受影响)", "已选择 3 行。", "3 rows selected.", "EOF"]), *blank]
    )


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
    _spoils_head(sheet, row)
    row.insert(place, draw.choice(["", "x", "二楼"]))


def cell_spoilt(sheet: Sheet, draw: random.Random) -> None:
    """A cell becomes what cannot be meant: the line is rejected."""
    named = [name.strip() for name in sheet.header]
    strict = [place for place, name in enumerate(named) if name in STRICT]
    rows = [row for row in sheet.rows if len(row) == len(sheet.header)]
    if strict and rows:
        row = draw.choice(rows)
        _spoils_head(sheet, row)
        sheet.hit("|".join(row))
        row[draw.choice(strict)] = draw.choice(["?", "2026-02-30", "9.9E+17", "99000019800101", "#N/A", "\ufffd"])


def _spoils_head(sheet: Sheet, row: list[str]) -> None:
    """A line of names that differs from the head may be another table's."""
    if row == sheet.header:
        sheet.costs = ALL


def text_garbled(sheet: Sheet, draw: random.Random) -> None:
    """A name or address that was read in another encoding, masked or encoded for a page: the line is rejected."""
    named = [_DECORATION.sub("", name) for name in sheet.header]
    texts = [place for place, name in enumerate(named) if name in ("姓名", "住址")]
    rows = [row for row in sheet.rows if len(row) == len(sheet.header)]
    if texts and rows:
        row, place = draw.choice(rows), draw.choice(texts)
        _spoils_head(sheet, row)
        sheet.hit("|".join(row))
        row[place] = draw.choice(
            ["娴嬭瘯", "æµ\u008bè¯\u0095", "²âÊÔ", "测*", "测&amp;试", "%E6%B5%8B%E8%AF%95", "\\u6d4b\\u8bd5"]
        )


def word_spaced(sheet: Sheet, draw: random.Random) -> None:
    """A word is known however it is spaced, as forms are filled in."""
    for row in sheet.rows:
        for place, cell in enumerate(row):
            if cell in ("迁入登记", "户主", "租赁备案", "低保"):
                row[place] = draw.choice([" ", "\u3000", "\u00a0"]).join(cell)


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


MUTATIONS: tuple[Mutation, ...] = (
    shuffled, line_twice, columns_moved, column_added, column_twice, column_lost, name_decorated, name_unclear,
    title_above, total_below, head_again, blank_lines, cell_dropped, cell_inserted, cell_spoilt, blanks_around,
    other_delimiter, other_encoding, byte_order_marks, other_line_ends, delimiter_named, everything_quoted, as_workbook,
    as_web_page, as_json, quotation_mark, byte_lost, cut, junk, names_numbered, of_a_database, text_garbled,
    word_spaced,
)  # fmt: skip
STRICT = frozenset(
    {"公民身份号码", "出租人身份证号", "申请人身份证号", "发生日期", "登记时间", "录入时间", "审批日期", "起始日期"}
    | {"业务类型", "变更类型"}
)
