"""The first draft of a new view's schemas, out of its classes: `citygrid schemas draft lift`.

All that follows from the classes is there; a record that another view's schema has too is taken from it, with its
words. What only a person knows is empty, and `citygrid schemas check` asks for it: what a field means, and how
personal it is.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from domain.view import View
from wire.contracts import SCHEMAS
from wire.linked_facts import written_out
from wire.row_shapes import CONTRIBUTION, NoShape, derived, fields_of, shape, shape_of
from wire.schema_parser import parse

Json = Any
INSTANT = ("_at", "since")
DAY = ("_on", "_from", "until", "born")
LAST = ("other", "bookkeeping")


def drafts(view: View, root: Path = SCHEMAS) -> dict[Path, str]:
    """Each file that the view lacks, and its draft. Raises NoShape for a class that a row cannot hold."""
    files: dict[Path, Json] = {root / "rows" / f"{view.name}.avsc": None}
    if view.contribution is not None:
        files[root / "contributions" / f"{view.name}.avsc"] = None
    missing = [path for path in files if not path.exists()]
    known = _Known(root)
    makers = {"rows": _row, "contributions": _contribution}
    return {path: written_out(makers[path.parent.name](view, known), 0) + "\n" for path in missing}


class _Known:
    """What the other views' schemas say: their records by name, each with what it refers to written out, and their
    fields `other` and `bookkeeping`."""

    def __init__(self, root: Path) -> None:
        self.last: dict[str, Json] = {}
        self._records: dict[str, list[Json]] = {}
        for path in sorted([*(root / "rows").glob("*.avsc"), *(root / "contributions").glob("*.avsc")]):
            schema = json.loads(path.read_text("utf-8"))
            by_name = {record["name"]: record for record in _records(schema)}
            for field in schema["fields"]:
                if field["name"] in LAST:
                    self.last.setdefault(field["name"], _expanded(field, by_name))
            for name, record in by_name.items():
                self._records.setdefault(name, []).append(_expanded(record, by_name))

    def record(self, name: str, hint: Any) -> Json | None:
        """The schema of this name and of the class's shape; None: nobody has it."""
        wanted = shape_of(hint)
        alike = (record for record in self._records.get(name, ()) if shape(parse(_once(record, set()))) == wanted)
        return next(alike, None)


def _records(schema: Json) -> Iterator[Json]:
    if isinstance(schema, list):
        for one in schema:
            yield from _records(one)
    elif isinstance(schema, dict):
        if schema.get("type") == "record":
            yield schema
        for value in schema.values():
            yield from _records(value)


def _expanded(schema: Json, by_name: dict[str, Json]) -> Json:
    """`schema` with the definition in the place of each name; for schemas in which no record holds itself."""
    if isinstance(schema, list):
        return [_expanded(one, by_name) for one in schema]
    if isinstance(schema, str):
        return _expanded(by_name[schema], by_name) if schema in by_name else schema
    parts = ("type", "items", "fields")
    return {key: _expanded(value, by_name) if key in parts else value for key, value in schema.items()}


def _once(schema: Json, defined: set[str]) -> Json:
    """`schema` with the name in the place of each definition but the first."""
    if isinstance(schema, list):
        return [_once(one, defined) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "record":
        if schema["name"] in defined:
            return schema["name"]
        defined.add(schema["name"])
    return {key: _once(value, defined) for key, value in schema.items()}


def _row(view: View, known: _Known) -> Json:
    hints = typing.get_type_hints(view.row)
    stated = [field.name for field in dataclasses.fields(view.row) if field.name not in LAST]
    drafting = _Drafting(known)
    fields = [drafting.field(name, hints[name], top=name != "id") for name in stated]
    for name, hint in derived(view.row).items():
        if not _is_plain(hint):
            continue  # for rules and contributions; no reader needs the statement that a derived value rests on
        fields.append(drafting.field(name, hint, top=True))
    fields += [drafting.whole(known.last[name]) for name in LAST if name in hints]
    head = {"type": "record", "name": view.row.__name__, "namespace": "cn.citygrid.rows"}
    words = {"doc": _first_sentence(view.row), "doc_zh": "", "view": view.name}
    return {**head, **words, "fields": fields}


def _contribution(view: View, known: _Known) -> Json:
    kind: type[Any] = view.contribution or type(None)
    value = _Drafting(known).type(kind)
    fields: list[dict[str, Json]] = [
        {"name": name, "type": "string", "doc": "", "classification": ""} for name in CONTRIBUTION[:3]
    ]
    fields[1] |= {"doc": "the view of the row that speaks", "classification": "internal"}
    fields.append(
        {"name": "value", "type": ["null", value], "default": None, "doc": "what it says", "classification": ""}
    )
    head = {"type": "record", "name": f"{kind.__name__}Contribution", "namespace": "cn.citygrid.contributions"}
    return {**head, "doc": _first_sentence(kind), "doc_zh": "", "view": view.name, "fields": fields}


class _Drafting:
    """Types of one schema: a record is written where it is met first, and named after that."""

    def __init__(self, known: _Known) -> None:
        self._known = known
        self._defined: set[str] = set()

    def field(self, name: str, hint: Any, *, top: bool = False) -> Json:
        made: dict[str, Json] = {"name": name, "type": self.type(hint, name)}
        if top or _optional(hint):
            made["default"] = _default(hint)
        words = {"doc": "", "doc_zh": ""} if top or name == "id" else {"doc": ""}
        return {**made, **words, "classification": ""}

    def type(self, hint: Any, name: str = "") -> Json:
        match shape_of(hint):
            case "str":
                return "string"
            case "int":
                return _number(name)
            case "float":
                return "double"
            case "bool":
                return "boolean"
            case ("maybe", _):
                inner = next(part for part in typing.get_args(hint) if part is not type(None))
                return ["null", self.type(inner, name)]
            case ("many", _):
                return {"type": "array", "items": self.type(typing.get_args(hint)[0], name)}
        return self._record(hint, name)

    def _record(self, hint: Any, name: str) -> Json:
        generic = typing.get_origin(hint)
        called = str(getattr(hint, "__name__", ""))
        if generic is not None:  # what was stated: a record of its own for each fact
            called = "".join(word.capitalize() for word in name.split("_")) + called
        if called in self._defined:
            return called
        known = self._known.record(called, hint)
        if known is not None:
            return self.whole(known)
        self._defined.add(called)
        words = {field["name"]: field for field in self._statement} if generic is not None else {}
        inside = [
            words[field] if field in words and field != "value" else self.field(field, kind)
            for field, kind in fields_of(hint).items()
        ]
        return {"type": "record", "name": called, "doc": _first_sentence(generic or hint), "fields": inside}

    @property
    def _statement(self) -> list[Json]:
        """The fields of what was stated, as `other` has them."""
        fields: list[Json] = self._known.last["other"]["type"]["items"]["fields"]
        return fields

    def whole(self, schema: Json) -> Json:
        """A part of another schema, without defining again what this one has already."""
        return _once(schema, self._defined)


def _number(name: str) -> Json:
    if name.endswith(INSTANT):
        return {"type": "long", "logicalType": "timestamp-micros"}
    if name.endswith(DAY) or name == "on":
        return {"type": "int", "logicalType": "date"}
    return "long"


def _default(hint: Any) -> Json:
    match shape_of(hint):
        case ("maybe", _):
            return None
        case ("many", _):
            return []
        case "str":
            return ""
        case "bool":
            return False
        case "int" | "float":
            return 0
    raise NoShape(f"a field of a row that is {hint} has no default: make it a tuple, or let it be None")


def _optional(hint: Any) -> bool:
    return bool(shape_of(hint)[0] == "maybe")


def _is_plain(hint: Any) -> bool:
    """Whether it is a value, or several, and no record."""
    try:
        form = shape_of(hint)
    except NoShape:
        return False
    return isinstance(form, str) or (form[0] in ("maybe", "many") and isinstance(form[1], str))


def _first_sentence(kind: Any) -> str:
    said = " ".join((kind.__doc__ or "").split())
    if not said or said.startswith(f"{kind.__name__}("):  # Python's own, of a class that has no docstring
        return ""
    return said.partition(". ")[0].rstrip(".") + "."
