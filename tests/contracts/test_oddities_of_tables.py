"""Heads, text files, JSON and what is no table at all: read as it is meant or refused in both languages."""
# ruff: noqa: E501 (lines of tables)

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from producers.departments import civil_affairs, housing
from tests.contracts.odd_files import PHONE, phones, refusal, text
from tests.contracts.people import number
from tests.contracts.test_office_files import HEAD, LINE, TEXT, WHO, read, workbook
from tests.contracts.test_office_values import (
    BENEFIT,
    DWELLING,
    LEASE,
    MOVED_IN,
    published,
)
from tests.contracts.test_office_values import read as read_known

# -- heads


def test_a_columns_unit_is_no_other_column(tmp_path: Path) -> None:
    head = [f"{name}(平方米)" if name == "建筑面积" else name for name in DWELLING]
    head += ["经度（WGS84）", "纬度(°)"]
    line = [*DWELLING.values(), "113.36", "22.94"]
    good, bad, unused, _ = read(text(tmp_path / "a.csv", [head, line]), housing.DEPARTMENT)
    assert (len(good), bad, unused) == (1, [], [])
    assert good[0].events[0][1].statement.change["lon"] == 113.36
    for other in ("建筑面积(亩)", "经度(GCJ-02)"):
        names = [other if other.startswith(name[:2]) else name for name in head]
        said = refusal(text(tmp_path / "b.csv", [names, line]), housing.DEPARTMENT)
        assert "may or may not be" in said or "it lacks 建筑面积" in said
    benefit = [f"{name}（元）" if name == "月金额" else name for name in [*BENEFIT, "月金额"]]
    good, bad, unused, _ = read(
        text(tmp_path / "c.csv", [benefit, [*BENEFIT.values(), "500"]]), civil_affairs.DEPARTMENT
    )
    assert (good[0].events[0][1].statement.change["monthly_fen"], unused) == (50_000, [])
    benefit[-1] = "月金额(万元)"
    assert "may or may not be" in refusal(
        text(tmp_path / "d.csv", [benefit, [*BENEFIT.values(), "500"]]), civil_affairs.DEPARTMENT
    )


LEASE_ABOVE = ["备案编号", "房屋编码", "业务类型", "出租人", "", "承租人", "", "起租日期", "发生日期", "录入时间"]
LEASE_BELOW = ["", "", "", "姓名", "证件号码", "姓名", "证件号码", "", "", ""]
LEASE_CELLS = [
    "ZL-1",
    "D-1",
    "租赁备案",
    "甲",
    number(8),
    "乙",
    LEASE["承租人身份证号"],
    "2026-11-01",
    "2026-11-01",
    "2026-11-02 09:00",
]


def test_a_head_of_two_rows_is_read_from_the_top_down(tmp_path: Path) -> None:
    for path in (
        text(tmp_path / "a.csv", [LEASE_ABOVE, LEASE_BELOW, LEASE_CELLS]),
        workbook(
            tmp_path / "a.xlsx",
            {"a": [[name or None for name in LEASE_ABOVE], [name or None for name in LEASE_BELOW], LEASE_CELLS]},
            merged=["A1:A2", "B1:B2", "C1:C2", "D1:E1", "F1:G1", "H1:H2", "I1:I2", "J1:J2"],
        ),
    ):
        good, bad, unused, _ = read(path, housing.DEPARTMENT)
        assert (len(good), bad) == (1, [])
        assert unused == ["姓名"], "twice, neither is used"
        plain = text(tmp_path / "b.csv", [list(LEASE), list(LEASE.values())])
        assert published(read_known("housing", path)) == published(read_known("housing", plain))


def test_a_column_below_somebody_elses_heading_is_not_taken_for_the_lines(tmp_path: Path) -> None:
    above = ["", "", "本人", "代办人", "", ""]
    assert "somebody" in refusal(text(tmp_path / "a.csv", [above, HEAD, LINE]))
    above = ["", "", "本人", "本人信息", "", ""]
    assert phones(text(tmp_path / "b.csv", [above, HEAD, LINE])) == [PHONE]
    above = ["", "户主", "", "", "", ""]
    assert "somebody" in refusal(text(tmp_path / "c.csv", [above, HEAD, LINE]))


def test_a_second_table_below_the_first_is_not_read_by_the_first_ones_head(tmp_path: Path) -> None:
    other = [*HEAD[:4], HEAD[5], HEAD[4]]
    rows = [HEAD, LINE, ["二、其他", "", "", "", "", ""], other, ["HK-2", *LINE[1:4], LINE[5], LINE[4]]]
    assert "names columns again" in refusal(text(tmp_path / "a.csv", rows))
    assert "names columns again" in refusal(workbook(tmp_path / "a.xlsx", {"a": rows}))
    joined = f"\ufeff{TEXT}\ufeff{TEXT}".replace(TEXT, TEXT, 1)
    (tmp_path / "b.csv").write_text(joined, encoding="utf-8")
    assert phones(tmp_path / "b.csv") == [PHONE] * 2
    numbered = [["序号", *HEAD], ["1", *LINE], ["序号", *HEAD], ["2", *LINE]]
    assert phones(text(tmp_path / "c.csv", numbered)) == [PHONE] * 2


def test_a_head_that_is_longer_than_its_rows_by_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT.replace("登记时间\n", "登记时间,,\n"), encoding="utf-8")
    assert phones(tmp_path / "a.csv") == [PHONE]


# -- text files


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("DOS", TEXT.replace("\n", "\r\n").encode("gb18030") + b"\x1a"),
        ("twice converted", TEXT.replace("\n", "\r\r\n").encode()),
        ("Mac with a last line end", TEXT.replace("\n", "\r").encode() + b"\n"),
        ("GB18030 with its mark", b"\x84\x31\x95\x33" + TEXT.encode("gb18030")),
        ("two marks and sep", "\ufeff\ufeffsep=;\n".encode() + TEXT.replace(",", ";").encode()),
        ("sep in quotation marks", b'"sep=\t"\r\n' + TEXT.replace(",", "\t").encode("gb18030")),
        ("bars twice", TEXT.replace(",", "||").encode()),
        ("no last line end", TEXT.rstrip("\n").encode()),
        ("blank lines above", b"\n\n  \n" + TEXT.encode()),
        ("quoted throughout", "\n".join(",".join(f'"{c}"' for c in row.split(",")) for row in TEXT.split("\n") if row).encode()),
        ("tab before numbers", TEXT.replace(WHO, f"\t{WHO}").encode()),
        ("single quotes", "\n".join(",".join(f"'{c}'" for c in row.split(",")) for row in TEXT.split("\n") if row).encode()),
    ],
)  # fmt: skip
def test_text_as_programs_write_it(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert phones(tmp_path / "a.csv") == [PHONE], name


# -- JSON

OBJECT = '{"登记编号":"HK-1","业务类型":"联系方式变更","公民身份号码":"%s","联系电话":"13800000014","发生日期":"2026-11-20","登记时间":"2026-11-20 10:00:00"%s}'


@pytest.mark.parametrize(
    "form",
    [
        "[{0}]", "{0}\n", "\ufeff[{0}]", '{{"RECORDS":[{0}]}}', '{{"code":0,"msg":"ok","data":[{0}]}}',
        '{{"code":200,"success":true,"data":{{"total":1,"list":[{0}]}}}}', '{{"code":0,"data":{{"list":[{0}],"total":1}},"msg":"ok"}}',
        "[\n  {0}\n]\n", '{{"data":[{0}],"total":1}}',
    ],
)  # fmt: skip
def test_json_as_services_answer_it(form: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(form.format(OBJECT % (WHO, ',"备注":NaN')), encoding="utf-8")
    assert phones(tmp_path / "a.json") == [PHONE]


def test_numbers_of_json_are_what_they_say(tmp_path: Path) -> None:
    who = next(number(index) for index in range(3, 99) if number(index).isdecimal())
    typed = OBJECT.replace('"%s"', who).replace('"13800000014"', "13800000014") % ""
    (tmp_path / "a.json").write_text(f"[{typed}]", encoding="utf-8")
    assert phones(tmp_path / "a.json") == [PHONE]
    rounded = typed.replace(who, f"{float(who):.14e}")
    (tmp_path / "a.json").write_text(f"[{rounded}]", encoding="utf-8")
    good, bad, _, _ = read(tmp_path / "a.json")
    assert (good, [line.field for line in bad]) == ([], ["公民身份号码"])


# -- what is no file of a table


def test_what_is_no_file_is_said_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "nowhere.csv").symlink_to(tmp_path / "gone.csv")
    for name in ("pipe.csv", "folder.csv", "nowhere.csv"):
        assert "is no file" in refusal(tmp_path / name)
    text(tmp_path / "a.csv", [HEAD, LINE])
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    assert phones(tmp_path / "link.csv") == [PHONE]


@pytest.mark.parametrize("long", ["a line", "a cell in quotation marks", "one object", "one list"])
def test_a_line_without_end_costs_itself(long: str, tmp_path: Path) -> None:
    endless, path = "长" * 3_000_000, tmp_path / "a.csv"
    noted = OBJECT % (WHO, f',"备注":"{endless}"')
    contents = {
        "a line": f"{TEXT}HK-2,{endless}\n" + TEXT.split("\n")[1] + "\n",
        "a cell in quotation marks": f'{TEXT}HK-2,"{endless}",\n' + TEXT.split("\n")[1] + "\n",
        "one object": f"{OBJECT % (WHO, '')}\n{noted}\n{OBJECT % (WHO, '')}\n",
        "one list": f"[{OBJECT % (WHO, '')},{noted}]",
    }
    path.write_text(contents[long], encoding="utf-8")
    good, bad, _, _ = read(path)
    assert len(good) == (1 if long == "one list" else 2)
    assert len(bad) == 1
    assert len(bad[0].original) < 10_000


RULED = ",".join("-" * 8 for _ in HEAD)


def boxed(*rows: Sequence[str]) -> str:
    """As MySQL's own program shows a table."""
    rule = "+" + "+".join("-" * 8 for _ in HEAD) + "+\n"
    shown = ["| " + " | ".join(row) + " |\n" for row in rows]
    return rule + shown[0] + rule + "".join(shown[1:]) + rule


@pytest.mark.parametrize(
    "content",
    [
        f"{','.join(HEAD)}\n{RULED}\n{','.join(LINE)}\n\n(1 rows affected)\n", f"{','.join(HEAD)}\n{RULED}\n{','.join(LINE)}\n(1 行受影响)\n",
        f" {' | '.join(HEAD)} \n{'+'.join('-' * 8 for _ in HEAD)}\n {' | '.join(LINE)} \n(1 row)\n", f"{boxed(HEAD, LINE)}1 row in set (0.00 sec)\n",
        f"|{'|'.join(HEAD)}|\n|{'|'.join('---' for _ in HEAD)}|\n|{'|'.join(LINE)}|\n", f"{TEXT}\n已选择 1 行。\n", f"{TEXT}1 rows selected.\n",
        f"{TEXT}第1页 共1页\n", f"{TEXT}***END***\n", f"{TEXT}以下空白\n", f"{TEXT}以上共1条\n", f"{TEXT}EOF\n",
        f"{','.join(HEAD)}\n1,2,3,4,5,6\n{','.join(LINE)}\n", f"{','.join(HEAD)}\n必填,必填,必填,选填,必填,必填\n{','.join(LINE)}\n",
        f"DJBH,YWLX,SFZH,LXDH,FSRQ,DJSJ\n{TEXT}",
    ],
)  # fmt: skip
def test_what_a_databases_own_program_writes_around_a_table_is_no_record(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    assert phones(tmp_path / "a.csv") == [PHONE]


@pytest.mark.parametrize("decorated", ["{1}.{0}", "（{1}）{0}", "{1}、{0}", "{0}▼", "{0}↑"])
def test_names_that_are_numbered_or_bear_a_mark_of_order(decorated: str, tmp_path: Path) -> None:
    names = [decorated.format(name, place) for place, name in enumerate(HEAD, 1)]
    assert phones(text(tmp_path / "a.csv", [names, LINE])) == [PHONE]


@pytest.mark.parametrize("form", ["{0},\n{1}\n", "{0},\r\n{1},\r\n"])
def test_objects_with_a_comma_behind_each(form: str, tmp_path: Path) -> None:
    one = OBJECT % (WHO, "")
    (tmp_path / "a.json").write_text(form.format(one, one.replace("HK-1", "HK-2")), encoding="utf-8")
    assert phones(tmp_path / "a.json") == [PHONE] * 2


def test_one_object_over_several_lines_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text((OBJECT % (WHO, "")).replace(",", ",\n  ").replace("{", "{\n  "), encoding="utf-8")
    assert phones(tmp_path / "a.json") == [PHONE]


def test_a_list_of_columns_is_not_one_record(tmp_path: Path) -> None:
    """A data frame's {"column": [values]} would be read as one line of all records."""
    columns = ",".join(f'"{name}":["{cell}","{cell}"]' for name, cell in DWELLING.items())
    (tmp_path / "a.json").write_text(f"{{{columns}}}", encoding="utf-8")
    good, bad, _, _ = read(tmp_path / "a.json", housing.DEPARTMENT)
    assert good == []
    assert "is a list" in bad[0].reason


def test_a_last_line_that_was_cut_is_found_though_others_are_spoilt(tmp_path: Path) -> None:
    rows = [[f"HK-{index}", *LINE[1:]] for index in range(8)]
    rows[1][-1], rows[2][-1] = "#N/A", ""
    content = "\n".join(",".join(row) for row in (HEAD, *rows))
    (tmp_path / "a.csv").write_text(content[:-8], encoding="utf-8")
    good, bad, _, _ = read(tmp_path / "a.csv")
    assert len(good) == 5
    assert "may have been cut" in bad[-1].reason
    (tmp_path / "b.csv").write_text(content, encoding="utf-8")
    good, bad, _, _ = read(tmp_path / "b.csv")
    assert (len(good), len(bad)) == (6, 2)


@pytest.mark.parametrize("name", ["1.[{}]", "[2.{}]", "（3）{}(必填)", "4、 {} "])
def test_names_that_are_numbered_and_decorated(name: str, tmp_path: Path) -> None:
    assert phones(text(tmp_path / "a.csv", [[name.format(one) for one in HEAD], LINE])) == [PHONE]


def test_two_columns_of_one_field_are_compared_or_the_second_is_named_as_not_used(tmp_path: Path) -> None:
    """The register's address and that of today are two; two household numbers are a slip."""
    line = [*MOVED_IN.values()]
    both = text(tmp_path / "a.csv", [[*MOVED_IN, "现住址"], [*line, "样本路2号"]])
    good, bad, unused, _ = read(both)
    assert (bad, unused) == ([], ["现住址"])
    assert good[0].events[0][1].statement.change["address"] == MOVED_IN["住址"]
    for other, agrees in (("H-1", True), ("H-9", False), ("", True)):
        good, bad, unused, _ = read(text(tmp_path / "b.csv", [[*MOVED_IN, "户口簿号"], [*line, other]]))
        assert (len(good), unused) == (int(agrees), [])
        assert agrees or "says otherwise" in bad[0].reason


@pytest.mark.parametrize("name", ["[房屋编码](万元)", "1.房屋编码(旧)", "【房屋编码】（户主）", "房屋编码2"])
def test_a_column_that_may_be_a_known_one_is_asked_about_however_it_is_decorated(name: str, tmp_path: Path) -> None:
    """It may be left out, so the file would state something else without it."""
    head = [name if column == "房屋编码" else column for column in MOVED_IN]
    assert "may or may not be" in refusal(text(tmp_path / "a.csv", [head, [*MOVED_IN.values()]]))
