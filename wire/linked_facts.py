"""The schemas that follow from the resident's facts: what is known of a person's other numbers.

A fact of `schemas/rows/resident.avsc` stands there once. Its row's `linked` and `schemas/contributions/resident.avsc`
hold the same facts of other numbers: `python -m wire.linked_facts` rewrites both, a contract test compares them with
what it would write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wire.contracts import SCHEMAS

ROW = SCHEMAS / "rows" / "resident.avsc"
CONTRIBUTION = SCHEMAS / "contributions" / "resident.avsc"
WIDEST = 150
"""Characters of an object that stands in one line."""

Field = Mapping[str, Any]


def row_text(text: str) -> str:
    """The row's schema with `linked` as its facts demand."""
    begin = text.rindex("    {\n", 0, text.index('"name": "linked"'))
    end = text.index("\n    },\n", begin) + len("\n    },\n")
    items = [_field(f["name"], _many(f["type"]["items"]["name"]), f) for f in _facts(json.loads(text))]
    linked = {
        "name": "linked",
        "type": {"type": "array", "items": _linked(items)},
        "default": [],
        "doc": "what was stated about the person's other numbers whose links lead here",
        "doc_zh": "本人其他号码的信息",
        "classification": "sensitive",
    }
    return f"{text[:begin]}    {written_out(linked, 4)},\n{text[end:]}"


def contribution_text(row: str) -> str:
    """The schema of what one number's row says to another's, out of the row's schema."""
    items = [_field(f["name"], f["type"], f) for f in _facts(json.loads(row))]
    source = {
        "type": "record",
        "name": "Source",
        "doc": "Where something shown comes from.",
        "fields": [
            _plain("department", "string", "who says so", "internal"),
            _plain("kind", "string", "kind of the event", "internal"),
            _plain("record", "string", "the department's own number", "personal"),
            _plain("event_id", "string", "the event", "internal"),
            _plain("occurred_at", {"type": "long", "logicalType": "timestamp-micros"}, "when it happened", "personal"),
        ],
    }
    linkage = {
        "type": "record",
        "name": "Linkage",
        "doc": "All that was stated about a number, and about those whose links lead to it.",
        "fields": [
            _plain("source", source, "the link", "internal"),
            _plain("numbers", _many(_linked(items)), "the number's own facts first", "sensitive"),
        ],
    }
    value = {"name": "value", "type": ["null", linkage], "default": None, "doc": "what it says"}
    schema = {
        "type": "record",
        "name": "LinkageContribution",
        "namespace": "cn.citygrid.contributions",
        "doc": "What one number's row says to the number that its link leads to; value null: it says nothing more.",
        "doc_zh": "旧号码对现用号码的陈述",
        "view": "resident",
        "fields": [
            _plain("target", "string", "the number that is spoken to", "sensitive"),
            _plain("source_view", "string", "the view of the row that speaks", "internal"),
            _plain("source", "string", "the number whose row speaks", "sensitive"),
            value | {"classification": "sensitive"},
        ],
    }
    return written_out(schema, 0) + "\n"


def _facts(row: Mapping[str, Any]) -> list[Field]:
    """The row's facts: between its id and `linked`."""
    names = [field["name"] for field in row["fields"]]
    return list(row["fields"][1 : names.index("linked")])


def _linked(facts: list[Field]) -> Field:
    number = {
        "type": "record",
        "name": "Facts",
        "doc": "What was stated about one number.",
        "fields": [_plain("id", "string", "the number's pseudonym", "sensitive"), *facts],
    }
    path = _plain("path", _many("string"), "the numbers it came through, its own first", "sensitive")
    return {
        "type": "record",
        "name": "Linked",
        "doc": "What was stated about another number of the person.",
        "fields": [path, _plain("facts", number, "what was stated", "personal")],
    }


def _field(name: str, kind: Any, of: Field) -> Field:
    return {
        "name": name,
        "type": kind,
        "default": [],
        "doc": of["doc"],
        "doc_zh": of["doc_zh"],
        "classification": of["classification"],
    }


def _plain(name: str, kind: Any, doc: str, classification: str) -> Field:
    return {"name": name, "type": kind, "doc": doc, "classification": classification}


def _many(items: Any) -> Field:
    return {"type": "array", "items": items}


def written_out(value: Any, indent: int) -> str:
    """JSON as the other schemas are written: what fits into one line stands in one."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or (len(flat) + indent <= WIDEST and indent):
        return flat
    inner, end = " " * (indent + 2), " " * indent
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + written_out(item, indent + 2) for item in value) + f"\n{end}]"
    lines = [f"{inner}{json.dumps(key)}: {written_out(item, indent + 2)}" for key, item in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{end}}}"


def written() -> dict[Path, str]:
    """Each file and what belongs into it."""
    row = row_text(ROW.read_text("utf-8"))
    return {ROW: row, CONTRIBUTION: contribution_text(row)}


def main() -> None:
    """Rewrite both files."""
    for file, text in written().items():
        file.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
