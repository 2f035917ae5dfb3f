"""A view's class and its schema have the same fields, down to the last one."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

import pytest

from wire import linked_facts as linked
from wire.contracts import published
from wire.schema import Array, Primitive, Record, Type, Union
from wire.views import views

VIEWS = views()
ROWS = {name.removeprefix("rows."): output.record for name, output in published().items() if output.what == "row"}
SAID = {name.removeprefix("contributions."): e.record for name, e in published().items() if e.what == "contribution"}
PRIMITIVES = {"string": str, "int": int, "long": int, "double": float, "boolean": bool}


def shape(schema: Type) -> Any:
    """A schema as nested tuples: a record is its fields, an array ("many", item), a nullable ("maybe", type)."""
    match schema:
        case Primitive(name=name):
            return PRIMITIVES[name].__name__
        case Union(choices=(choice,)):
            return ("maybe", shape(choice))
        case Array(items=items):
            return ("many", shape(items))
        case Record(fields=fields):
            return tuple((field.name, shape(field.type)) for field in fields)
    raise AssertionError(f"rows hold no {schema}")


def shape_of(kind: Any) -> Any:
    """A class as the same tuples."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, type) and kind in PRIMITIVES.values():
        return kind.__name__
    if origin in (typing.Union, types.UnionType):
        inner = next(argument for argument in arguments if argument is not type(None))
        return ("maybe", shape_of(inner))
    if origin is tuple:
        return ("many", shape_of(arguments[0]))
    if origin is not None:  # a generic: its class with its variables filled in
        filled = dict(zip(getattr(origin, "__parameters__", ()), arguments, strict=True))
        hints = typing.get_type_hints(origin)
        return tuple((name, shape_of(filled.get(hint, hint))) for name, hint in hints.items())
    if hasattr(kind, "_fields") or dataclasses.is_dataclass(kind):
        return tuple((name, shape_of(hint)) for name, hint in typing.get_type_hints(kind).items())
    raise AssertionError(f"rows hold no {kind}")


@pytest.mark.parametrize("view", VIEWS)
def test_a_row_has_the_fields_of_its_class(view: str) -> None:
    row = VIEWS[view].row
    schema: dict[str, Any] = dict(shape(ROWS[view]))
    fields = {field.name: shape_of(typing.get_type_hints(row)[field.name]) for field in dataclasses.fields(row)}
    assert {name: schema.get(name) for name in fields} == fields
    for derived in set(schema) - set(fields):
        getter = getattr(row, derived)
        assert isinstance(getter, property), f"{view}.{derived} is in the schema but not in the class"
        assert shape_of(typing.get_type_hints(getter.fget)["return"]) == schema[derived], derived


@pytest.mark.parametrize("view", [view for view in VIEWS if VIEWS[view].contribution])
def test_a_contribution_has_the_fields_of_its_class(view: str) -> None:
    fields: Mapping[str, Any] = dict(shape(SAID[view]))
    assert fields["value"] == ("maybe", shape_of(VIEWS[view].contribution))
    assert list(fields) == ["target", "source_view", "source", "value"]


def test_what_is_known_of_other_numbers_follows_from_the_facts() -> None:
    for file, text in linked.written().items():
        assert file.read_text("utf-8") == text, f"{file.name}: run `python -m wire.linked_facts`"


def test_every_view_is_published() -> None:
    assert set(ROWS) == set(VIEWS)
    assert set(SAID) == {view for view in VIEWS if VIEWS[view].contribution}
