"""Rows as the stages make them of what many departments state, put into the database of a served city: what the pages
of a resident, a dwelling, a grid and a company are looked at with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import psycopg
from fastavro import parse_schema, schemaless_reader

from domain.event import Event
from domain.time import DAY
from sinks.decoding import as_jsonb, converter
from sinks.sink import Read
from sinks.targets.row_tables import RowTables
from tests.conftest import Database
from tests.golden.in_memory import City
from wire.avro_writer import writer
from wire.codec import FRAME
from wire.contracts import contracts, published
from wire.registry import Registry
from wire.schema import avro

NOW = datetime.now(UTC)
COMPANY = "91440101MA5CQ1XX3G"
PERSON, SPOUSE, TENANT, OWNER, STRANGER = (
    f"k1.{name * 6:A<43}"[:46] for name in ("person", "spouse", "tenant", "owner", "nobody")
)


def ago(days: float) -> int:
    """Microseconds UTC."""
    return int((NOW - timedelta(days=days)).timestamp() * 1_000_000)


def day(days: float) -> int:
    """Days since 1970-01-01."""
    return ago(days) // DAY


class StatedCity:
    """What departments state, one after another, and the rows that follow."""

    def __init__(self) -> None:
        self.city = City()
        self._count = 0

    def say(self, topic: str, kind: str, subject: str, record: str, days: float, **change: Any) -> None:
        """Stated so many days ago. A field that is not given is absent."""
        contract = contracts()[topic]
        self._count += 1
        full = {name: change.get(name) for name in contract.kinds[kind].by_name}
        assert change.keys() <= full.keys(), f"{kind} has no {change.keys() - full.keys()}"
        moment = ago(days)
        event_id = f"event-{self._count}"
        event = Event(
            event_id, contract.department, topic, subject, record, moment, moment + self._count, False, kind, full
        )
        self.city.batch([event], contract.subject)
        self.city.receive(20)

    def write(self, database: Database) -> None:
        """Every row into its table, and its place as the sinks write it."""
        self.city.finish(ago(0))
        with psycopg.connect(database.sinks) as connection:
            for number, (view, key, row) in enumerate(self._rows(), 1_000):
                document = as_json(view, row)
                where = key if view == "dwelling" else document.get("place") or document.get("dwelling") or ""
                read = Read(f"rows.{view}", number, key, (where, as_jsonb(document)), 0)
                RowTables(Registry("http://127.0.0.1:1")).write(connection, [read])
            for key, row in self.city.rows["dwelling"].items():
                if row.grid:
                    connection.execute(
                        "UPDATE city.placement SET grid = %s, district = %s, address = %s WHERE dwelling = %s",
                        (row.grid, row.district, row.address, key),
                    )

    def _rows(self) -> Iterator[tuple[str, str, Any]]:
        for view, rows in self.city.rows.items():
            for key, row in rows.items():
                yield view, key, row


def as_json(view: str, row: Any) -> dict[str, Any]:
    """The row as its sink reads it from its topic."""
    schema = published()[f"rows.{view}"].record
    value = writer(schema, 1, access="attribute")(row)
    record = schemaless_reader(BytesIO(value[FRAME.size :]), parse_schema(avro(schema, logical=False)), None)
    document: dict[str, Any] = converter(schema)(record)
    document.pop("bookkeeping")
    return document


def tell(grid: str, dwelling: str, household: str) -> StatedCity:
    """A graded house with an elder who lives alone, its tenant and owner, a company that files tax without a licence, a
    grid with a hazard under a rain warning."""
    city = StatedCity()
    district, address = grid[:6], "先锋社区右街 12 号"
    home: dict[str, Any] = {"household": household, "dwelling": dwelling, "address": address, "relation": "head"}
    city.say(
        "police.household-registration",
        "MovedIn",
        PERSON,
        "HJ-1",
        3_650,
        name="周建国",
        sex="male",
        born=-7_300,
        collective=False,
        **home,
    )
    city.say("police.household-registration", "Kinship", PERSON, "QS-1", 3_600, relative=STRANGER, relation="child")
    city.say("police.household-registration", "Contact", PERSON, "LX-1", 900, phone="13800001234")
    city.say("civil-affairs.marriage", "Married", PERSON, "JH-1", 12_000, spouse=SPOUSE, on=day(12_000))
    city.say("civil-affairs.marriage", "Divorced", PERSON, "LH-1", 2_000, spouse=SPOUSE, on=day(2_000))
    city.say(
        "civil-affairs.social-assistance",
        "Granted",
        PERSON,
        "DB-1",
        700,
        programme="dibao",
        household=household,
        effective_from=day(690),
        monthly_fen=118_600,
    )
    city.say("transport.vehicle-registration", "Registered", PERSON, "粤A12345", 400, vehicle_kind="car", owner=PERSON)
    city.say("tax.tax-record", "Arrears", PERSON, "QS-2025", 200, period="2025", amount_fen=54_000)
    city.say(
        "bracelet.button", "Pressed", PERSON, "SOS-1", 0.02, button="sos", device="bracelet-17", lon=113.36, lat=22.94
    )
    city.say(
        "housing.dwelling-register",
        "DwellingRegistered",
        dwelling,
        "DJ-1",
        3_000,
        grid=grid,
        address=address,
        floor_area_m2=48.5,
        use="rental",
        district=district,
        lon=113.36,
        lat=22.94,
    )
    city.say("housing.dwelling-safety", "Graded", dwelling, "JD-2016", 3_300, grade="D", on=day(3_300))
    city.say("housing.dwelling-safety", "Reinforced", dwelling, "JD-2016", 3_200, on=day(3_200), lasts_until=day(-400))
    city.say(
        "housing.tenancy",
        "Let",
        dwelling,
        "ZL-7",
        30,
        landlord=OWNER,
        tenants=[TENANT],
        start=day(30),
        until=day(-335),
        rooms=1,
    )
    city.say("real-estate.ownership", "OwnershipRegistered", dwelling, "BDC-1", 2_500, owners=[OWNER], on=day(2_500))
    for number in range(12):
        city.say(
            "door-access.swipe",
            "SwipedIn" if number % 2 else "SwipedOut",
            dwelling,
            f"MJ-{number}",
            1 + number / 3,
            resident=TENANT,
            device="door-3",
        )
    city.say(
        "urban-management.facility",
        "FacilityInstalled",
        grid,
        "A-0173",
        2_000,
        facility="A-0173",
        facility_kind="public_utility",
        what="井盖",
        address="右街 8 号门前",
        lon=113.361,
        lat=22.941,
    )
    city.say(
        "urban-management.facility",
        "HazardReported",
        grid,
        "BX-9",
        2,
        facility="A-0173",
        hazard="井盖缺失",
        urgent=True,
    )
    city.say(
        "urban-management.facility",
        "HazardReported",
        grid,
        "BX-8",
        40,
        facility="A-0200",
        hazard="路灯不亮",
        urgent=False,
    )
    city.say("urban-management.facility", "HazardRepaired", grid, "BX-8", 30, on=day(30))
    city.say("weather.warning", "WarningIssued", district, "YJ-1", 0.3, hazard="rain", level="orange", rainfall_mm=63.0)
    company: dict[str, Any] = {
        "name": "番禺示例五金店",
        "company_kind": "individual_business",
        "address": address,
        "dwelling": dwelling,
    }
    city.say(
        "market-regulation.registration",
        "CompanyRegistered",
        COMPANY,
        COMPANY,
        2_200,
        legal_representative=OWNER,
        capital_fen=5_000_000,
        on=day(2_200),
        **company,
    )
    for year, outcome in ((2022, "passed"), (2023, "passed"), (2024, "not_filed")):
        city.say(
            "market-regulation.annual-inspection",
            "Inspected",
            COMPANY,
            f"NJ-{year}",
            (2026 - year) * 365,
            year=year,
            outcome=outcome,
        )
    city.say("tax.company-tax", "CompanyTaxRegistered", COMPANY, "SW-1", 2_190, on=day(2_190))
    for number in range(9):
        city.say(
            "tax.company-tax",
            "CompanyTaxReturn",
            COMPANY,
            f"SB-{number}",
            30 + 90 * number,
            period=f"2025-Q{number % 4 + 1}",
            amount_fen=120_000 + number,
        )
    city.say(
        "social-security.employer-insurance",
        "EmployerInsured",
        COMPANY,
        "CB-1",
        2_100,
        insured_persons=4,
        effective_from=day(2_100),
    )
    city.say(
        "market-regulation.registration", "LicenceRevoked", COMPANY, COMPANY, 300, on=day(300), reason="连续两年未年报"
    )
    return city
