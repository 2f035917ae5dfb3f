"""Door plates by the command: sheets to print, what a community tells, under which name somebody is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
import pypdfium2
import pytest
import zxingcpp
from typer.testing import CliRunner

from citygrid.cli import CommandFailed, build
from database import communities
from tests.integration.api.test_api_plates import NUMBER, SERVICES
from tests.integration.api.two_streets import HERE, City


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("44011,doctor,诊所,,,,,,", "'community' must be 12 digits"),
        ("440113001001,dentist,诊所,,,,,,", "'kind' must be one of"),
        ("440113001001,doctor,,,,,,,", "'name_zh' must not be empty"),
        (f"440113001001,doctor,诊所,,{NUMBER},,,,", "holds an identity number"),
        ("440113001001,doctor,诊所,,,,,call me,", "'phone' must be digits"),
        ("440113001001,doctor,诊所,,,,,,,x", "more cells"),
        (f"440113001001,doctor,{'诊' * 61},,,,,,", "at most 60 characters"),
    ],
)
def test_a_file_of_a_community_with_a_mistake_is_refused_whole(city: City, line: str, says: str) -> None:
    content = SERVICES.format(here=f"{HERE}001", there=f"{HERE}009") + line + "\n"
    with pytest.raises(communities.FileRefused, match=says) as refused:
        communities.load(city.database.owner, content.encode("gb18030"))
    assert "line 5" in str(refused.value)
    with psycopg.connect(city.database.admin) as admin:
        assert admin.execute("SELECT count(*) FROM city.community_line").fetchone() == (0,)


@pytest.fixture
def run(city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`citygrid …` for this city; what it says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CITYGRID_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("CITYGRID_DATABASE_OWNER_DSN", city.database.owner)
    monkeypatch.setenv("CITYGRID_PUBLIC_URL", "https://grid.example.gov.cn")

    def typed(*arguments: str) -> str:
        answer = CliRunner().invoke(build(arguments[0]), arguments)
        if isinstance(answer.exception, CommandFailed):
            return str(answer.exception)
        assert answer.exit_code == 0, (answer.output, answer.exception)
        return answer.output

    return typed


async def test_the_command_prints_what_opens_the_door(
    city: City, run: Callable[..., str], tmp_path: Path, anybody: httpx.AsyncClient
) -> None:
    assert "1 plates in plates.pdf" in run("plates", "print", "--grid", city.here.grid)
    (page,) = pypdfium2.PdfDocument(str(tmp_path / "plates.pdf"))
    (read,) = zxingcpp.read_barcodes(page.render(scale=3).to_pil())
    base, code = read.text.rsplit("/", 1)
    assert base == "https://grid.example.gov.cn/p"
    assert (await anybody.get(f"/plates/{code}")).json()["address"] == "001街 1 号"
    assert "Every door there has a plate" in run("plates", "print", "--grid", city.here.grid)
    assert city.here.dwelling in run("plates", "list", "--grid", city.here.grid)
    assert "worth nothing" in run("plates", "revoke", city.here.dwelling)
    assert (await anybody.get(f"/plates/{code}")).status_code == 404
    assert "has no plate" in run("plates", "revoke", city.here.dwelling)
    assert "No door with a grid" in run("plates", "print", "D-nowhere")
    assert "Say which doors" in run("plates", "print")


def test_a_sheet_that_cannot_be_written_issues_no_plate(city: City, run: Callable[..., str], tmp_path: Path) -> None:
    assert "fonts-noto-cjk" in run("plates", "print", "--grid", city.here.grid, "--font", str(tmp_path / "no.ttc"))
    assert list(tmp_path.glob("*.pdf*")) == []
    with psycopg.connect(city.database.admin) as admin:
        assert admin.execute("SELECT count(*) FROM city.plate").fetchone() == (0,)


def test_a_community_and_a_name_are_told_by_the_command(city: City, run: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "community.csv"
    file.write_text(SERVICES.format(here=f"{HERE}001", there=f"{HERE}009"), "utf-8-sig")
    assert "3 lines" in run("community", "load", str(file))
    assert "小王" in run("accounts", "shown-as", "worker", "小王")
    assert "role grid_worker" in run("accounts", "shown-as", "here", "小王")
