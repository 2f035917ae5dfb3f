"""Rows and contributions between their Python classes and Avro.

Writing is done by a writer generated from the schema, which reads the fields and derived values as attributes.
Reading decodes to dicts and builds the classes by their annotations; derived values (properties) are in the published
row and not read back.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from sys import intern
from typing import Any

Build = Callable[[Any], Any]
FEW = frozenset({"department", "kind"})
"""Fields of few values: each is kept in memory once, not once a statement."""


def builder(annotation: Any) -> Build:
    """A function that makes a value of `annotation` out of what an Avro reader gives.

    Known are frozen dataclasses and NamedTuples, tuples, optionals and scalars. Raises TypeError for any other.
    """
    return _build(annotation, {})


def _build(annotation: Any, types_of: dict[Any, Any]) -> Build:
    annotation = types_of.get(annotation, annotation) if isinstance(annotation, typing.TypeVar) else annotation
    if annotation in (int, str, bool, float, type(None)):
        return _same
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        if len(inner) != 1:
            raise TypeError(f"{annotation}: only an optional value is known, not a choice of several")
        return _optional(_build(inner[0], types_of))
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _many(_build(arguments[0], types_of))
    cls = origin or annotation
    parameters = getattr(cls, "__parameters__", ())
    return _record(cls, dict(zip(parameters, arguments, strict=True)) if arguments else {})


def _record(cls: Any, types_of: dict[Any, Any]) -> Build:
    if dataclasses.is_dataclass(cls):
        names = [field.name for field in dataclasses.fields(cls)]
    elif hasattr(cls, "_fields"):
        names = list(cls._fields)
    else:
        raise TypeError(f"{cls}: neither a dataclass nor a NamedTuple")
    hints = typing.get_type_hints(cls)
    fields = [(name, intern if name in FEW and hints[name] is str else _build(hints[name], types_of)) for name in names]
    if all(build is _same for _, build in fields):
        return lambda read: cls(*[read[name] for name in names])
    return lambda read: cls(*[build(read[name]) for name, build in fields])


def _same(value: Any) -> Any:
    return value


def _optional(build: Build) -> Build:
    return build if build is _same else lambda value: None if value is None else build(value)


def _many(build: Build) -> Build:
    return tuple if build is _same else lambda values: tuple([build(value) for value in values])
