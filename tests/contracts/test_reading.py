"""Files as they come: encodings, slips of the pen, and any size in the same memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from producers.departments import civil_affairs, police, transport
from producers.publish.checked_lines import Bad, Good
from producers.publish.columns import Department, ExportUnknown
from producers.publish.export_file import Rehearsal, lines
from producers.publish.export_lines import Damaged, ExportFile, FileRefused
from producers.tables.delimited import best_delimiter, rows, text_of
from producers.tables.file_form import form_of
from producers.tables.rows import Row
from runtime.settings import CHECKOUT, Settings
from tests.contracts.people import number

SETTINGS = Settings(_env_file=None)


def read(path: Path, content: bytes, encoding: str | None = None, width: int | None = None) -> list[Row | Damaged]:
    """The rows of a text below the first, which names the columns."""
    path.write_bytes(content)
    text = text_of(path, form_of(path).begins, encoding)
    return list(rows(text, best_delimiter(text, len, 60), width))[1:]


def cells(read_lines: Sequence[object]) -> list[list[str]]:
    return [list(row.cells) for row in read_lines if isinstance(row, Row)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, end: str) -> None:
    content = f"姓名,住址{end}测试甲,样本路{end}{end}测试乙,{end}"
    assert cells(read(tmp_path / "x.csv", content.encode(encoding))) == [["测试甲", "样本路"], ["测试乙", ""]]


def test_one_broken_byte_is_one_bad_line(tmp_path: Path) -> None:
    good = "\n".join(["姓名,住址", *["测试甲,样本路"] * 20]).encode()
    read_lines = read(tmp_path / "x.csv", good + b"\n\xff\xfe\xff,x\n" + "测试乙,样本路".encode())
    assert len(cells(read_lines)) == 21
    (damaged,) = (line for line in read_lines if isinstance(line, Damaged))
    assert (damaged.number, damaged.reason) == (22, "has bytes that are not UTF-8")


def test_a_quotation_mark_that_is_not_closed_costs_one_line(tmp_path: Path) -> None:
    content = '姓名,住址\n"测试甲,样本路\n' + "测试乙,样本路\n" * 50 + '"测试\n丙","a ""b"" c"\n'
    read_lines = read(tmp_path / "x.csv", content.encode(), width=2)
    assert len(cells(read_lines)) == 51
    assert cells(read_lines)[-1] == ["测试\n丙", 'a "b" c']
    assert [line.number for line in read_lines if isinstance(line, Damaged)] == [2]


def test_two_stray_quotation_marks_make_no_cell_of_the_lines_between_them(tmp_path: Path) -> None:
    content = 'a,b,c\n1,"x,y\n2,x,y\n3,x",y\n4,5" pipe,y\n5,"x" ,"y"\n6,"x"z,y\n'
    read_lines = read(tmp_path / "x.csv", content.encode(), width=3)
    assert cells(read_lines) == [["2", "x", "y"], ["5", "x", "y"]]
    assert [line.number for line in read_lines if isinstance(line, Damaged)] == [2, 4, 5, 7]


def test_more_slips(tmp_path: Path) -> None:
    content = "姓名;住址\nA;B;C\nA;B\n" + "x" * 2_000_000 + "\nA;\ufffd\nA;B\n"
    read_lines = read(tmp_path / "x.csv", content.encode())
    assert cells(read_lines) == [["A", "B", "C"], ["A", "B"], ["A", "B"]]
    assert [line.number for line in read_lines if isinstance(line, Damaged)] == [4, 5]
    with pytest.raises(FileRefused, match="UTF-16"):
        read(tmp_path / "y.csv", "姓名".encode("utf-16"))
    (tmp_path / "y.csv").write_text("登记编号,业务类型,公民身份号码,发生日期,登记时间\n", encoding="utf-8")
    with pytest.raises(FileRefused, match="not supported"):
        ExportFile(tmp_path / "y.csv", "latin-1")
    with ExportFile(tmp_path / "y.csv") as empty, pytest.raises(FileRefused, match="nothing to publish"):
        empty.exports(police.DEPARTMENT)


def test_json_lines_and_lists(tmp_path: Path) -> None:
    one = f'{{"登 记编号": 12, "业务类型": "联系方式变更", "公民身份号码": "{number(1)}", "联系电话": "02088880000", '
    one += '"发生日期": "20260101", "登记时间": "20260101", "x": {}}'
    for name, content, good in (
        ("a.jsonl", f"{one}\n[]\n{{\n{one}\n", 2),
        ("a.json", f"[{one},\n{one}\n]", 2),
        ("b.json", f'{{"RECORDS": [{one}, {one}, []]}}', 2),
        ("c.json", f"[{one}, {one}, {{", 2),
        ("d.json", f'[{one}, {{"登记编号": 1, "登记编号": 2}}]', 1),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8-sig")
        with ExportFile(tmp_path / name) as file:
            made = list(lines(file, police.DEPARTMENT, Rehearsal(SETTINGS)))
            assert sum(isinstance(line, Good) for line in made) == good, name
            assert sum(isinstance(line, Bad) for line in made) == {"a.jsonl": 2, "a.json": 0}.get(name, 1), name
            assert file.unused() == ["x"]


def statements(path: Path, text: str, department: Department) -> list[Good | Bad]:
    path.write_text(text, encoding="gb18030")
    with ExportFile(path) as file:
        return list(lines(file, department, Rehearsal(SETTINGS)))


def test_a_marriage_is_said_of_both_and_a_transfer_to_both(tmp_path: Path) -> None:
    a, b = number(1), number(2)
    (married,) = statements(
        tmp_path / "m.csv",
        f"证件字号,业务类型,登记日期,男方身份证件号码,女方身份证件号码,录入时间\nJ1,结婚登记,20200520,{a},{b},20200520\n",
        civil_affairs.DEPARTMENT,
    )
    assert isinstance(married, Good)
    one, two = (ready.statement for _, ready in married.events)
    assert (one.subject, one.change["spouse"]) == (two.change["spouse"], two.subject)
    (sold,) = statements(
        tmp_path / "v.csv",
        "号牌号码,业务类型,车辆类型,所有人身份证号,原所有人身份证号,业务日期,录入时间\n"
        f"粤A1,转移登记,小型轿车,{b},{a},2026-01-05,2026-01-05\n",
        transport.DEPARTMENT,
    )
    assert isinstance(sold, Good)
    former, new = (ready.statement for _, ready in sold.events)
    assert former.subject == former.change["from_owner"] == new.change["from_owner"]
    assert new.subject == new.change["to_owner"]


def test_a_line_is_published_whole_or_not_at_all(tmp_path: Path) -> None:
    head = "证件字号,业务类型,登记日期,男方身份证件号码,女方身份证件号码,录入时间"
    text = f"{head}\nJ1,结婚登记,20200520,{number(1)},123,20200520\n"
    (bad,) = statements(tmp_path / "m.csv", text, civil_affairs.DEPARTMENT)
    assert isinstance(bad, Bad)
    assert (bad.field, bad.record) == ("女方身份证件号码", "J1")


def test_columns_that_fit_nothing_are_named(tmp_path: Path) -> None:
    with pytest.raises(ExportUnknown, match="登记编号"):
        statements(tmp_path / "x.csv", "姓名,业务类型\nA,B\n", police.DEPARTMENT)


LARGE = """
import resource, sys
from pathlib import Path
from producers.departments.police import DEPARTMENT
from producers.publish.export_file import Rehearsal, RejectedFile, publish
from producers.publish.export_lines import ExportFile
from runtime.settings import Settings
with ExportFile(Path(sys.argv[1])) as file, RejectedFile(file.path) as rejected:
    door = Rehearsal(Settings(_env_file=None))
    tally = publish(file, DEPARTMENT, door, rejected, lambda read, events: None)
print(tally.lines, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    used = []
    for count in (2_000, 60_000):
        file = tmp_path / f"{count}.csv"
        with file.open("w", encoding="gb18030") as out:
            out.write("登记编号,业务类型,公民身份号码,联系电话,发生日期,登记时间\n")
            for index in range(count):
                person = number(index % 1_000)
                out.write(f"HK{index},联系方式变更,{person},02088880000,20260101,20260101\n")
        ran = subprocess.run(
            [sys.executable, "-c", LARGE, str(file)],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        lines_read, peak_kib = map(int, ran.stdout.split())
        assert lines_read == count
        used.append(peak_kib)
    assert used[1] - used[0] < 8 * 1024, used
