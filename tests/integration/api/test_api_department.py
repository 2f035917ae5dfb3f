"""What a department sees of what it handed over: its own, nobody else's, and nobody sees people by it."""
# ruff: noqa: E501 (lines of tables)

from __future__ import annotations

import psycopg
import pytest

from tests.integration.api.two_streets import City, LogIn

NAMES = ("housing", "police")


@pytest.fixture
def handed_over(city: City) -> City:
    """Two departments with a file, a line that waits and a dead letter each; the account `department` is housing's."""
    with psycopg.connect(city.database.sinks) as sinks:
        for name in NAMES:
            sinks.execute(
                "INSERT INTO city.door_publication VALUES (%(name)s || E'\\n1', %(name)s, 'file', %(name)s || '.xlsx', now(), "
                '\'workbook\', 3, \'{"Let": 2}\', 1, \'[{"field": "止租日期", "reason": "is empty", "lines": 1}]\', 0, 1, '
                "'{备注}', 2, NULL)",
                {"name": name},
            )
            sinks.execute(
                "INSERT INTO city.rejected_line VALUES (%(name)s || E'\\nline', %(name)s, 'file', %(name)s || '.xlsx', now(), "
                "'7', '止租日期', 'is empty', 'housing.tenancy', 'ZL-7', 'Let')",
                {"name": name},
            )
            sinks.execute(
                "INSERT INTO city.put_aside VALUES (%(name)s || ':0:5', %(name)s, 'housing.tenancy', NULL, 'no such kind', "
                "'dead-letters', now(), NULL)",
                {"name": name},
            )
    with psycopg.connect(city.database.owner) as owner:
        owner.execute("UPDATE city.account SET department = 'housing' WHERE name = 'department'")
    return city


async def test_a_department_sees_what_it_handed_over(handed_over: City, log_in: LogIn) -> None:
    client = await log_in("department")
    page = (await client.get("/department")).json()
    assert (page["department"], page["departments"]) == ("housing", ["housing"])
    assert (page["open_lines"], page["waiting_letters"]) == (1, 1)
    (file,), (line,), (letter,) = page["files"], page["lines"], page["letters"]
    assert (file["source"], file["lines"], file["events"], file["unused"]) == ("housing.xlsx", 3, {"Let": 2}, ["备注"])
    assert file["rejected"] == [{"field": "止租日期", "reason": "is empty", "lines": 1}]
    assert (line["place"], line["record"], line["kind"]) == ("7", "ZL-7", "Let")
    assert (letter["origin"], letter["replayed_at"]) == ("housing:0:5", None)


async def test_it_sees_no_other_department_by_any_way(handed_over: City, log_in: LogIn) -> None:
    client = await log_in("department")
    assert (await client.get("/department", params={"department": "police"})).status_code == 404
    with psycopg.connect(handed_over.database.owner) as owner:
        owner.execute("UPDATE city.account SET department = NULL WHERE name = 'department'")
    page = (await client.get("/department")).json()
    assert (page["department"], page["files"], page["lines"], page["letters"]) == (None, [], [], [])


@pytest.mark.parametrize("name", ["worker", "district", "city"])
async def test_who_sees_people_sees_no_departments_files(handed_over: City, log_in: LogIn, name: str) -> None:
    client = await log_in(name)
    assert (await client.get("/department")).json()["department"] is None
    assert (await client.get("/department", params={"department": "housing"})).status_code == 404


@pytest.mark.parametrize("name", ["ops", "admin"])
async def test_operations_and_administrators_name_one(handed_over: City, log_in: LogIn, name: str) -> None:
    client = await log_in(name)
    page = (await client.get("/department", params={"department": "police"})).json()
    assert page["files"][0]["source"] == "police.xlsx"
    assert set(NAMES) < set(page["departments"])
    assert (await client.get("/department", params={"department": "nobody"})).status_code == 404


def test_the_database_itself_shows_a_department_nothing_of_another(handed_over: City) -> None:
    with psycopg.connect(handed_over.database.api, autocommit=True) as api:
        for function in ("publications_of", "rejected_of", "put_aside_of"):
            with pytest.raises(psycopg.Error, match="Log in first"):
                api.execute(f"SELECT * FROM city.{function}('housing', 10)")
