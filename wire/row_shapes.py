"""Whether a view's classes and its schemas say the same: their fields, down to the last one.

Both are written as nested tuples: a record is its fields, a list ("many", item), what may be absent ("maybe", type).
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from typing import Any

from domain.view import View
from wire.contracts import published
from wire.schema import Array, Primitive, Record, Type, Union

PRIMITIVES = {"string": str, "int": int, "long": int, "double": float, "boolean": bool}
CONTRIBUTION = ("target", "source_view", "source", "value")
"""The fields of what one row says of another."""


class NoShape(ValueError):
    """A row cannot hold this type; the message says which it can."""


def misfits(view: View) -> Iterator[str]:
    """A sentence for each field in which the schemas of the view's row and contribution are not its classes."""
    schemas = published()
    row, told = schemas.get(f"rows.{view.name}"), schemas.get(f"contributions.{view.name}")
    if row is not None:
        in_file = {field.name: shape(field.type) for field in row.record.fields}
        stated = {field.name for field in dataclasses.fields(view.row)}
        if absent := stated - in_file.keys():
            yield f"{row.path}: it lacks {', '.join(sorted(absent))} of the class {view.row.__name__}."
        for name, said in in_file.items():
            yield from _differs(str(row.path), name, said, _of_field(view.row, name))
    if told is not None and view.contribution is not None:
        names = tuple(field.name for field in told.record.fields)
        if names != CONTRIBUTION:
            yield f"{told.path}: its fields must be {', '.join(CONTRIBUTION)}, in this order."
        else:
            value = shape(told.record.by_name["value"].type)
            yield from _differs(str(told.path), "value", value, ("maybe", shape_of(view.contribution)))


def shape(schema: Type) -> Any:
    """A schema as tuples. Raises NoShape."""
    match schema:
        case Primitive(name=name) if name in PRIMITIVES:
            return PRIMITIVES[name].__name__
        case Union(choices=(choice,)):
            return ("maybe", shape(choice))
        case Array(items=items):
            return ("many", shape(items))
        case Record(fields=fields):
            return tuple((field.name, shape(field.type)) for field in fields)
    raise NoShape(f"rows hold no {schema}")


def shape_of(kind: Any) -> Any:
    """A class as the same tuples. Raises NoShape."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, type) and kind in PRIMITIVES.values():
        return kind.__name__
    if origin in (typing.Union, types.UnionType):
        inner = next(argument for argument in arguments if argument is not type(None))
        return ("maybe", shape_of(inner))
    if origin is tuple:
        return ("many", shape_of(arguments[0]))
    if fields := fields_of(kind):
        return tuple((name, shape_of(hint)) for name, hint in fields.items())
    raise NoShape(f"rows hold no {kind}: texts, numbers, truths, tuples of one kind, and named tuples of those")


def fields_of(kind: Any) -> dict[str, Any]:
    """The fields of a named tuple or a data class with their types, {} of anything else. A generic one has its
    variables filled in."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is not None and origin is not tuple:
        filled = dict(zip(getattr(origin, "__parameters__", ()), arguments, strict=False))
        return {name: filled.get(hint, hint) for name, hint in typing.get_type_hints(origin).items()}
    known = hasattr(kind, "_fields") or dataclasses.is_dataclass(kind)
    return typing.get_type_hints(kind) if known else {}


def derived(row: type[Any]) -> dict[str, Any]:
    """The properties of a row's class, which its schema may have as fields, with their types."""
    found = {name: getattr(row, name) for name in dir(row) if not name.startswith("_")}
    return {
        name: typing.get_type_hints(getter.fget)["return"]
        for name, getter in found.items()
        if isinstance(getter, property)
    }


def _of_field(row: type[Any], name: str) -> Any:
    """What the class has under this name; None: nothing."""
    hints = {field.name: typing.get_type_hints(row)[field.name] for field in dataclasses.fields(row)} | derived(row)
    return shape_of(hints[name]) if name in hints else None


def _differs(path: str, name: str, said: Any, written: Any) -> Iterator[str]:
    if written is None:
        yield f"{path}: '{name}' is neither a field nor a property of the class."
    elif said != written:
        yield f"{path}: '{name}' is {_told(said)} here and {_told(written)} in the class."


def _told(form: Any) -> str:
    match form:
        case str():
            return form
        case ("maybe", inner):
            return f"{_told(inner)} or nothing"
        case ("many", inner):
            return f"many of {_told(inner)}"
    return f"({', '.join(f'{name}: {_told(inner)}' for name, inner in form)})"
