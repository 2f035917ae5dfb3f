"""The patrol plan from a file: recurring visits by kind (migrations/0022.patrol.sql)."""

from __future__ import annotations

import csv
import io
from datetime import time
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from domain.codes import InvalidCode
from wire.values.codes import CODES
from wire.values.rules import LATITUDES, LONGITUDES

COLUMNS = {"kind", "dwelling", "grid", "spot", "address", "lon", "lat", "every_days", "opens", "closes"}
KINDS = """
SELECT k.kind, k.title_zh, k.title_en, k.severity, k.every_days, k.minutes,
    (SELECT count(*) FROM city.patrol c WHERE c.kind = k.kind AND c.ended_at IS NULL) AS places
FROM city.patrol_kind k ORDER BY k.every_days, k.kind
"""


class PlanRefused(Exception):
    """A file is no patrol plan; the message names the line and what to mend, and no address."""


def kinds(dsn: str) -> list[dict[str, Any]]:
    """The kinds with the number of their places. `dsn` logs in as the owner."""
    with psycopg.connect(dsn, row_factory=dict_row) as owner:
        return owner.execute(KINDS).fetchall()


def load(dsn: str, content: bytes) -> int:
    """Take a CSV file's lines into the plan, all or none; their number. Raises PlanRefused."""
    with psycopg.connect(dsn, row_factory=dict_row) as owner:
        known = {row["kind"] for row in owner.execute(KINDS)}
        lines = [_line(number, row, known) for number, row in enumerate(_rows(content), 2)]
        if twice := len(lines) - len({(line["kind"], line["dwelling"], line["spot"]) for line in lines}):
            raise PlanRefused(f"{twice} lines name a place of a kind that another line names: leave them out.")
        owner.execute("SELECT city.plan_patrols(%s)", (Jsonb(lines),))
    return len(lines)


def _rows(content: bytes) -> list[dict[str, str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise PlanRefused("The file is neither UTF-8 nor GB 18030: save it as CSV in one of them.") from None
    reader = csv.DictReader(io.StringIO(text), restkey="beyond")
    named = set(reader.fieldnames or ())
    if "kind" not in named or not {"dwelling", "grid"} & named or named - COLUMNS:
        raise PlanRefused(
            f"The first line names the columns: kind, dwelling or grid, and of {', '.join(sorted(COLUMNS))}."
        )
    return [{name: (value or "").strip() for name, value in row.items() if name != "beyond"} for row in reader]


def _line(number: int, row: dict[str, str], known: set[str]) -> dict[str, Any]:
    def refused(what: str) -> PlanRefused:
        return PlanRefused(f"line {number}: {what}; nothing of the file was taken.")

    kind, dwelling, grid, spot = (row.get(name, "") for name in ("kind", "dwelling", "grid", "spot"))
    if kind not in known:
        raise refused(f"'kind' must be one of {', '.join(sorted(known))}")
    if bool(dwelling) == bool(grid) or bool(grid) != bool(spot) or "/" in dwelling:
        raise refused("name a door by 'dwelling', or a spot by 'grid' and 'spot'")
    try:
        dwelling, grid = dwelling and CODES["dwelling"](dwelling), grid and CODES["grid"](grid)
    except InvalidCode as wrong:
        raise refused(f"'{'dwelling' if dwelling else 'grid'}' is wrong: {wrong}") from None
    try:
        lon, lat = (float(row[name]) if row.get(name) else None for name in ("lon", "lat"))
        every = int(row["every_days"]) if row.get("every_days") else None
        opens, closes = (time.fromisoformat(row[name]) if row.get(name) else None for name in ("opens", "closes"))
    except ValueError:
        raise refused(
            "'lon' and 'lat' are degrees, 'every_days' a number, 'opens' and 'closes' times like 08:30"
        ) from None
    if (lon is None) != (lat is None):
        raise refused("'lon' and 'lat' stand together, in degrees WGS 84")
    if lon is not None and not (LONGITUDES[0] <= lon <= LONGITUDES[1] and LATITUDES[0] <= (lat or 0) <= LATITUDES[1]):
        raise refused("'lon' and 'lat' lie outside the city: are they exchanged, or not known?")
    if every is not None and not 1 <= every <= 366:
        raise refused("'every_days' must be 1 to 366")
    if (opens is None) != (closes is None) or (opens and closes and opens >= closes):
        raise refused("'opens' and 'closes' stand together, the earlier first")
    return {
        "kind": kind,
        "dwelling": dwelling or f"grid/{grid}",
        "spot": spot,
        "address": row.get("address") or None,
        "lon": lon,
        "lat": lat,
        "every_days": every,
        "opens": opens and opens.isoformat(),
        "closes": closes and closes.isoformat(),
    }
