"""The city join: what every system of the bench does, in Python. The Java peer has the same in `java/city/Join.java`.

Four departments' topics are folded into a resident's row; what the row says about a household goes to that
household's row. The last statement by (occurred_at, event_id) of each department counts; a household is that of the
newest of registration and move. An event that is what the row holds already (a duplicate, a replay after a kill) says
its outputs again and changes nothing.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Mapping
from struct import pack
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer

BOOTSTRAP = os.environ.get("BENCH_BOOTSTRAP", "127.0.0.1:19092")
INPUT = os.environ.get("BENCH_INPUT", "bench-in-")
RUN = os.environ.get("BENCH_RUN", "bench-run-")
PARTITIONS = 4
FETCH_BYTES = 65_536
"""Every system asks for at most this much of a partition at a time. With the clients' default of 1 MB a whole topic
comes before the next one: the order of the topics, which is chance, then decides how many household changes there
are. In small portions they come as they happened, and all systems have about the same work."""
SOURCES = ("household_registration", "moves", "tenancy", "tax")
INPUT_TOPICS = tuple(INPUT + source for source in SOURCES)
RESIDENTS, CHANGES, HOUSEHOLDS = f"{RUN}residents", f"{RUN}changes", f"{RUN}households"
DEPARTMENT = {topic: number for number, topic in enumerate(INPUT_TOPICS)}

Record = dict[str, Any]


def _record(called: str, /, **fields: Any) -> Record:
    return {
        "type": "record",
        "name": called,
        "namespace": "bench",
        "fields": [{"name": field, "type": kind} for field, kind in fields.items()],
    }


_HEAD = {"event_id": "string", "occurred_at": "long", "resident_id": "string"}
_TEXT, _NUMBER = ["null", "string"], ["null", "long"]
SCHEMAS: dict[str, Record] = {
    "household_registration": _record(
        "HouseholdRegistration", **_HEAD, name="string", birth_date="string", household_id="string", address="string",
        district="string",
    ),
    "moves": _record(
        "Move", **_HEAD, from_household="string", to_household="string", from_address="string", to_address="string"
    ),
    "tenancy": _record("Tenancy", **_HEAD, dwelling_id="string", landlord_id="string", start="long", end=_NUMBER),
    "tax": _record("Tax", **_HEAD, period="string", amount="long"),
    "resident": _record(
        "ResidentView", resident_id="string", name=_TEXT, birth_date=_TEXT, household_id=_TEXT, address=_TEXT,
        district=_TEXT, dwelling_id=_TEXT, landlord_id=_TEXT, tenancy_start=_NUMBER, tenancy_end=_NUMBER,
        tax_period=_TEXT, tax_amount=_NUMBER, reg_at="long", reg_ev="string", mov_at="long", mov_ev="string",
        ten_at="long", ten_ev="string", tax_at="long", tax_ev="string", hist={"type": "array", "items": "string"},
        trigger="string",
    ),
    "change": _record(
        "HouseholdChange", household_id="string", resident_id="string", kind="int", tax=_NUMBER, trigger="string"
    ),
    "household": _record(
        "HouseholdView", household_id="string", members={"type": "array", "items": "string"}, count="int",
        tax_sum="long", trigger="string", taxes={"type": "array", "items": _NUMBER},
    ),
    "household_state": _record("HouseholdState", members={"type": "map", "values": _NUMBER}),
}  # fmt: skip
SCHEMA_ID = {name: number for number, name in enumerate(SCHEMAS, 1)}
_PARSED = {name: parse_schema(schema) for name, schema in SCHEMAS.items()}
_BY_ID = {SCHEMA_ID[name]: schema for name, schema in _PARSED.items()}


def encode(name: str, value: Mapping[str, Any]) -> bytes:
    """Confluent-framed Avro by fastavro."""
    out = io.BytesIO()
    out.write(pack(">bI", 0, SCHEMA_ID[name]))
    schemaless_writer(out, _PARSED[name], value)
    return out.getvalue()


def decode(value: bytes) -> Record:
    """The record in framed Avro."""
    body = io.BytesIO(value)
    body.seek(5)
    read: Record = schemaless_reader(body, _BY_ID[int.from_bytes(value[1:5], "big")], None)
    return read


def generated(name: str) -> Callable[[Any], bytes]:
    """A writer generated from the schema: the data plane's, which the plain clients may use as well."""
    from wire.avro_writer import writer

    return writer(SCHEMAS[name], SCHEMA_ID[name])


JOINED, LEFT, TAX = 0, 1, 2
IGNORED, CHANGED, REPEATED = range(3)
_AT = ("reg_at", "mov_at", "ten_at", "tax_at")
_EVENT = ("reg_ev", "mov_ev", "ten_ev", "tax_ev")
Change = tuple[str, int, int | None]
_EMPTY: Record = {
    field["name"]: 0 if field["type"] == "long" else "" if field["type"] == "string" else None
    for field in SCHEMAS["resident"]["fields"]
}


def new_resident(resident: str) -> Record:
    """A row of which nothing was said."""
    return {**_EMPTY, "resident_id": resident, "hist": []}


def fold(row: Record, department: int, event: Mapping[str, Any]) -> tuple[int, Iterable[Change]]:
    """Fold `event` into `row` in place. -> (IGNORED | CHANGED | REPEATED, changes of households)."""
    time, event_id = event["occurred_at"], event["event_id"]
    at_field, event_field = _AT[department], _EVENT[department]
    held = row[at_field]
    if time < held or (time == held and event_id < row[event_field]):
        return IGNORED, ()
    if time == held and event_id == row[event_field]:
        return REPEATED, _again(row, department, time, event_id)
    row[at_field], row[event_field], row["trigger"] = time, event_id, event_id
    home = row["household_id"]
    if department == 3:
        row["tax_period"], row["tax_amount"] = event["period"], event["amount"]
        return CHANGED, (((home, TAX, event["amount"]),) if home else ())
    if department == 2:
        row["dwelling_id"], row["landlord_id"] = event["dwelling_id"], event["landlord_id"]
        row["tenancy_start"], row["tenancy_end"] = event["start"], event["end"]
        return CHANGED, ()
    if department == 0:
        row["name"], row["birth_date"], row["district"] = event["name"], event["birth_date"], event["district"]
        if (time, event_id) < (row["mov_at"], row["mov_ev"]):
            return CHANGED, ()
        new, row["address"] = event["household_id"], event["address"]
    else:
        if (time, event_id) < (row["reg_at"], row["reg_ev"]):
            return CHANGED, ()
        new, row["address"] = event["to_household"], event["to_address"]
    if home == new:
        return CHANGED, ()
    row["household_id"] = new
    if new not in row["hist"]:
        row["hist"].append(new)
    joined = (new, JOINED, row["tax_amount"])
    return CHANGED, ((joined,) if home is None else ((home, LEFT, None), joined))


def _again(row: Record, department: int, time: int, event_id: str) -> Iterable[Change]:
    home = row["household_id"]
    if department == 3:
        return ((home, TAX, row["tax_amount"]),) if home else ()
    if department == 2:
        return ()
    other = 1 - department
    if (row[_AT[other]], row[_EVENT[other]]) > (time, event_id):
        return ()
    return [*((left, LEFT, None) for left in row["hist"] if left != home), (home, JOINED, row["tax_amount"])]


def change(resident: str, change: Change, trigger: str) -> Record:
    """What a resident's row says about a household, as a record."""
    return {"household_id": change[0], "resident_id": resident, "kind": change[1], "tax": change[2], "trigger": trigger}


def fold_household(members: dict[str, int | None], change: Mapping[str, Any]) -> None:
    """Fold a change into a household's members in place."""
    kind, resident = change["kind"], change["resident_id"]
    if kind == JOINED:
        members[resident] = change["tax"]
    elif kind == LEFT:
        members.pop(resident, None)
    elif resident in members:
        members[resident] = change["tax"]


def household(number: str, members: Mapping[str, int | None], trigger: str) -> Record:
    """The household's row, from which its members can be restored."""
    names = sorted(members)
    taxes = [members[name] for name in names]
    return {
        "household_id": number,
        "members": names,
        "count": len(names),
        "tax_sum": sum(tax for tax in taxes if tax),
        "trigger": trigger,
        "taxes": taxes,
    }
