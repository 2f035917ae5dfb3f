"""The catalogue over HTTP, and what rows and cases say of departments that are quiet."""

from __future__ import annotations

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.integration.api.two_streets import City, LogIn
from wire.contracts import contracts, feedback_topics

VEHICLES, POLICE = "transport.vehicle-registration", "police.household-registration"


def silence(city: City, topic: str, department: str, ago: str | None) -> None:
    """The topic was last heard of so long ago; None: never. Its limit is a day."""
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute(
            "INSERT INTO city.freshness VALUES (%s, %s, now() - %s::interval, 86400, 5) ON CONFLICT (topic) DO UPDATE "
            "SET last_event_at = excluded.last_event_at, limit_seconds = excluded.limit_seconds",
            (topic, department, ago),
        )


@pytest.mark.parametrize("name", ["ops", "department", "worker", "here", "admin"])
async def test_whoever_has_an_account_reads_the_catalogue(city: City, log_in: LogIn, name: str) -> None:
    client = await log_in(name)
    items = (await client.get("/catalogue")).json()["items"]
    assert [one["topic"] for one in items] == list(contracts())
    police = next(one for one in items if one["topic"] == POLICE)
    assert police["now"]["stale"] is False
    assert police["readers"]["views"] == ["resident"]
    assert next(one for one in items if one["topic"] == VEHICLES)["now"] is None, "not asked yet"
    one = (await client.get(f"/catalogue/{POLICE}")).json()
    assert {**one["topic"], "now": None} == {**police, "now": None}
    birth = next(kind for kind in one["kinds"] if kind["name"] == "Birth")
    mother = next(field for field in birth["fields"] if field["name"] == "mother")
    assert (mother["identity"], mother["optional"], mother["classification"]) == (True, True, "sensitive")
    assert (await client.get("/catalogue/police.nothing")).status_code == 404
    assert (await client.get("/asyncapi.json")).json()["channels"].keys() == contracts().keys() | set(feedback_topics())


async def test_nobody_else_does(anybody: httpx.AsyncClient) -> None:
    for path in ("/catalogue", f"/catalogue/{POLICE}", "/asyncapi.json"):
        assert (await anybody.get(path)).status_code == 401


async def test_it_is_searched_and_filtered(log_in: LogIn) -> None:
    client = await log_in("ops")

    async def listed(**filters: str) -> list[str]:
        return [one["topic"] for one in (await client.get("/catalogue", params=filters)).json()["items"]]

    assert await listed(search="承租人") == ["housing.tenancy"]
    assert set(await listed(department="housing")) >= {"housing.dwelling-register", "housing.tenancy"}
    assert await listed(category="vehicle") == [VEHICLES]
    assert "housing.tenancy" in await listed(classification="sensitive")
    assert await listed(category="vehicle", department="housing") == []
    assert (await client.get("/catalogue", params={"classification": "secret"})).status_code == 422


async def test_a_row_says_which_topics_behind_it_are_quiet(city: City, log_in: LogIn) -> None:
    silence(city, VEHICLES, "transport", "3 days")
    silence(city, "housing.tenancy", "housing", None)
    client = await log_in("here")

    async def unknown(view: str, key: str) -> list[str]:
        return [one["topic"] for one in (await client.get(f"/rows/{view}/{key}")).json()["unknown"]]

    assert await unknown("resident", city.here.resident) == [VEHICLES]
    assert await unknown("household", city.here.household) == [VEHICLES], "its members' vehicles"
    assert "housing.tenancy" in await unknown("dwelling", city.here.dwelling)
    (quiet,) = (await client.get(f"/rows/resident/{city.here.resident}")).json()["unknown"]
    assert (quiet["department"], quiet["limit_seconds"]) == ("transport", 86_400)
    assert quiet["kinds"] == ["Registered", "Transferred", "Scrapped"]
    silence(city, VEHICLES, "transport", "1 hour")
    assert await unknown("resident", city.here.resident) == []


async def test_a_case_says_which_topics_it_rests_on_are_quiet(city: City, log_in: LogIn) -> None:
    client, address = await log_in("here"), f"/alerts/{city.here.findings[0]}"
    assert (await client.get(address)).json()["quiet"] == []
    silence(city, VEHICLES, "transport", "3 days")
    silence(city, "tax.tax-record", "tax", "3 days")
    assert [one["topic"] for one in (await client.get(address)).json()["quiet"]] == [VEHICLES]


async def test_unknown_findings_are_listed_counted_and_never_called_held(city: City, log_in: LogIn) -> None:
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute("UPDATE city.alert SET unknown = true WHERE finding_id = %s", (city.here.findings[0],))
        sinks.execute(
            "UPDATE city.alert SET unknown = true, state = 'held' WHERE finding_id = %s", (city.here.findings[1],)
        )
    client = await log_in("here")

    async def listed(state: str) -> dict[str, bool]:
        items = (await client.get("/alerts", params={"state": state})).json()["items"]
        return {one["finding_id"]: one["unknown"] for one in items}

    first, second, third = map(str, city.here.findings)
    assert await listed("open") == {first: True, third: False}
    assert await listed("unknown") == {first: True, second: True}
    assert await listed("held") == {}
    assert (await client.get("/summary")).json()["unknown"] == 2
    assert (await (await log_in("there")).get("/summary")).json()["unknown"] == 0


async def test_a_company_is_looked_up_by_its_code_in_the_body(city: City, log_in: LogIn) -> None:
    code = "91440101MA5CQ1XX3G"
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute(
            "INSERT INTO city.legal_person_g1 (id, dwelling, place, version, row) VALUES (%s, %s, %s, 1, %s)",
            (
                code,
                city.here.dwelling,
                city.here.grid,
                Jsonb({"id": code, "name": "示例五金店", "legal_representative": "k1.x"}),
            ),
        )
    client, body = await log_in("here"), {"credit_code": "９１440101ma5cq1xx3g", "purpose": "verify_fact"}
    answer = (await client.post("/rows/legal_person/lookup", json=body)).json()
    assert (answer["id"], answer["view"], answer["masked"]) == (code, "legal_person", False)
    assert (await (await log_in("there")).post("/rows/legal_person/lookup", json=body)).status_code == 404
    grouped = f" {code[:8]}-{code[8:]}".lower()
    assert (await client.post("/rows/legal_person/lookup", json={**body, "credit_code": grouped})).status_code == 200
    wrong = await client.post("/rows/legal_person/lookup", json={**body, "credit_code": f"{code[:-1]}H"})
    assert wrong.status_code == 422
    assert code[:-1] not in wrong.text


async def test_a_case_about_a_door_of_a_grid_or_a_company_names_who_is_concerned(city: City, log_in: LogIn) -> None:
    door, company = city.here.findings[:2]
    occupants = [{"resident": city.here.resident, "occupancy": {"household": city.here.household}}]
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute(
            "UPDATE city.dwelling_g1 SET row = row || %s WHERE id = %s",
            (Jsonb({"occupants": occupants}), city.here.dwelling),
        )
        sinks.execute(
            "INSERT INTO city.legal_person_g1 (id, dwelling, place, version, row) VALUES ('C', %s, %s, 1, %s)",
            (city.here.dwelling, city.here.grid, Jsonb({"id": "C", "legal_representative": city.here.resident})),
        )
        for finding, view, subject in ((door, "grid", city.here.grid), (company, "legal_person", "C")):
            sinks.execute(
                "UPDATE city.alert SET view = %s, subject = %s WHERE finding_id = %s", (view, subject, finding)
            )
    client = await log_in("here")
    for finding, relation in ((door, None), (company, "legal_representative")):
        (person,) = (await client.get(f"/alerts/{finding}")).json()["people"]
        assert (person["name"], person["relation"]) == ("周*", relation)
