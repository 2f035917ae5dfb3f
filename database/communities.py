"""What a community tells everybody by its door plates, from a file that it keeps (migrations/0023.plates.sql)."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from wire.values.identity_finder import holds_identity_number

KINDS = ("profile", "office", "doctor", "housekeeper", "restaurant", "pharmacy", "police", "repair", "other")
COLUMNS = ("community", "kind", "name_zh", "name_en", "about_zh", "about_en", "address", "phone", "hours")
LONGEST = {"name_zh": 60, "name_en": 80, "about_zh": 600, "about_en": 1200, "address": 120, "phone": 40, "hours": 80}
PHONE = re.compile(r"\+?[0-9][0-9 ()/-]{2,38}")


class FileRefused(Exception):
    """The file does not say what communities tell; the message names the line and what to mend."""


def load(dsn: str, content: bytes) -> int:
    """Take a CSV file's lines: what the communities named in it told before goes. Their number. Raises FileRefused."""
    lines = read(content)
    with psycopg.connect(dsn) as owner:
        owner.execute("SELECT city.load_communities(%s)", (Jsonb(lines),))
    return len(lines)


def read(content: bytes) -> list[dict[str, Any]]:
    """The lines of a file, checked. Raises FileRefused."""
    reader = csv.DictReader(io.StringIO(_text(content)), restkey="beyond")
    named = set(reader.fieldnames or ())
    if not {"community", "kind", "name_zh"} <= named or named - set(COLUMNS):
        raise FileRefused(
            f"The first line names the columns community, kind, name_zh, and of {', '.join(COLUMNS[3:])}."
        )
    lines = [_line(number, row) for number, row in enumerate(reader, 2)]
    if not lines:
        raise FileRefused("The file has no line below the columns' names: nothing was taken.")
    profiles = [line["community"] for line in lines if line["kind"] == "profile"]
    if twice := sorted({one for one in profiles if profiles.count(one) > 1}):
        raise FileRefused(f"The community {twice[0]} has two lines of the kind profile: leave one.")
    return lines


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("The file is neither UTF-8 nor GB 18030: save it as CSV in one of them.")


def _line(number: int, row: dict[str, str]) -> dict[str, Any]:
    def refused(what: str) -> FileRefused:
        return FileRefused(f"line {number}: {what}; nothing of the file was taken.")

    if "beyond" in row:
        raise refused("it has more cells than the first line has columns")
    line: dict[str, Any] = {name: (row.get(name) or "").strip() or None for name in COLUMNS}
    if not re.fullmatch("[0-9]{12}", line["community"] or ""):
        raise refused("'community' must be 12 digits: district, street and community of the grid code")
    if line["kind"] not in KINDS:
        raise refused(f"'kind' must be one of {', '.join(KINDS)}")
    if not line["name_zh"]:
        raise refused("'name_zh' must not be empty")
    for name, most in LONGEST.items():
        if len(line[name] or "") > most or "\0" in (line[name] or ""):
            raise refused(f"'{name}' must be at most {most} characters")
        if holds_identity_number(line[name] or ""):
            raise refused(f"'{name}' holds an identity number: everybody would read it; take it out")
    if line["phone"] and not PHONE.fullmatch(line["phone"]):
        raise refused("'phone' must be digits, blanks and + ( ) / -")
    return line | {"number": number}
