"""What generated writers call, and the search for the field that a value does not fit."""

from __future__ import annotations

import struct
from typing import Any

from wire.schema import (
    LARGEST_INT,
    LARGEST_LONG,
    LEAST_INT,
    LEAST_LONG,
    NULL,
    Array,
    Enum,
    Fixed,
    Map,
    Primitive,
    Record,
    Type,
    Union,
    label,
)

_float, _double = struct.Struct("<f").pack, struct.Struct("<d").pack


class InvalidValue(ValueError):
    """A value does not fit its schema; the text names the path of the field and what was expected, not the value."""


_LOW = (1 << 14) - 1
#: Fourteen bits as the last, and as two not the last, bytes of a variable-length number.
_LAST = [bytes((z,)) if z < 128 else bytes((z & 127 | 128, z >> 7)) for z in range(1 << 14)]
_MORE = [bytes((z & 127 | 128, z >> 7 | 128)) for z in range(1 << 14)]


def _long(x: int) -> bytes:
    if type(x) is not int:
        raise TypeError("expected an int")
    z = x << 1 if x >= 0 else ~x << 1 | 1
    if z <= _LOW:
        return _LAST[z]
    if 1 << 42 <= z < 1 << 56:  # microseconds since 1970: most that are large
        return _MORE[z & _LOW] + _MORE[z >> 14 & _LOW] + _MORE[z >> 28 & _LOW] + _LAST[z >> 42]
    if z < 1 << 28:
        return _MORE[z & _LOW] + _LAST[z >> 14]
    if z < 1 << 42:  # milliseconds
        return _MORE[z & _LOW] + _MORE[z >> 14 & _LOW] + _LAST[z >> 28]
    if z >= 1 << 64:
        raise OverflowError("out of the range of a long")
    return _MORE[z & _LOW] + _MORE[z >> 14 & _LOW] + _MORE[z >> 28 & _LOW] + _MORE[z >> 42 & _LOW] + _LAST[z >> 56]


class _Lengths(dict[int, bytes]):
    """Length -> its bytes; filled as lengths are met, so that generated code needs no call for a known one."""

    def __missing__(self, length: int) -> bytes:
        encoded = _long(length)
        if length <= _LOW:
            self[length] = encoded
        return encoded


class _Words(dict[str, bytes]):
    """Text -> its bytes, for fields of few values."""

    def __missing__(self, text: str) -> bytes:
        encoded = _string(text)
        if len(self) < 10_000:
            self[text] = encoded
        return encoded


def _int(x: int) -> bytes:
    if type(x) is int and not -0x80000000 <= x <= 0x7FFFFFFF:
        raise OverflowError("out of the range of an int")
    return _long(x)


def _string(x: str) -> bytes:
    encoded = x.encode()
    return _long(len(encoded)) + encoded


def _bytes(x: bytes) -> bytes:
    if not isinstance(x, (bytes, bytearray, memoryview)):
        raise TypeError("expected bytes")
    return _long(len(x)) + x


def _boolean(x: bool) -> bytes:
    if x is True:
        return b"\1"
    if x is False:
        return b"\0"
    raise TypeError("expected a bool")


def _null(x: None) -> bytes:
    if x is not None:
        raise TypeError("expected None")
    return b""


def _fixed(x: bytes, size: int) -> bytes:
    if not isinstance(x, (bytes, bytearray)) or len(x) != size:
        raise TypeError(f"expected {size} bytes")
    return bytes(x)


def _empty(x: Any) -> bytes:
    """An empty array or map; `x` is falsy, and must not be so for being None, zero or an empty string."""
    if x is None or isinstance(x, (str, bytes, int, float)):
        raise TypeError("expected an array or a map")
    return b"\0"


def _number(pack: Any) -> Any:
    def write(x: float) -> bytes:
        if type(x) is not float and (type(x) is bool or not isinstance(x, (int, float))):
            raise TypeError("expected a number")
        packed: bytes = pack(x)
        return packed

    return write


Fitting = tuple[str, Any]


def fitting(schema: Type) -> Fitting:
    """Kind of a union's branch, with the symbols of an enum or the size of a fixed."""
    match schema:
        case Enum(symbols=symbols):
            return "enum", frozenset(symbols)
        case Fixed(size=size):
            return "fixed", size
        case Record():
            return "record", None
    return label(schema), None


def _choose(union: tuple[list[str], list[Fitting]], value: Any) -> tuple[int, Any]:
    """Index of the branch for `value`, and the value to write under it."""
    labels, kinds = union
    if type(value) is tuple and len(value) == 2 and isinstance(value[0], str):
        name, inner = value
        for index, label in enumerate(labels):
            if name in (label, label.rpartition(".")[2]):
                return index, inner
        raise TypeError("the tuple names no branch of the union")
    for index, (kind, detail) in enumerate(kinds):
        if _fits(kind, detail, value):
            return index, value
    name = type(value).__name__
    for index, label in enumerate(labels):
        if name == label.rpartition(".")[2]:
            return index, value
    raise TypeError("no branch of the union fits; give (name, value)")


def _fits(kind: str, detail: Any, value: Any) -> bool:
    match value:
        case None:
            return kind == "null"
        case bool():
            return kind == "boolean"
        case int():
            low, high = (LEAST_INT, LARGEST_INT) if kind == "int" else (LEAST_LONG, LARGEST_LONG)
            return kind in ("float", "double") or (kind in ("int", "long") and low <= value <= high)
        case float():
            return kind in ("float", "double")
        case str():
            return kind == "string" or (kind == "enum" and value in detail)
        case bytes() | bytearray():
            return kind == "bytes" or (kind == "fixed" and len(value) == detail)
        case list():
            return kind == "array"
        case dict():
            return kind == "map"
    return False


RUNTIME: dict[str, Any] = {
    "B": _boolean, "I": _int, "L": _long, "F": _number(_float), "D": _number(_double), "Y": _bytes, "S": _string,
    "N": _null, "X": _fixed, "E": _empty, "choose": _choose, "Z": _Lengths(),
    "W": _Words(),
}  # fmt: skip


def diagnose(schema: Type, value: Any, access: str, cause: Exception) -> InvalidValue:
    """Look for the first field that does not fit. Only run once writing has failed."""
    name = label(schema)
    path, expected = _search(schema, value, access, name.rpartition(".")[2]) or (name, str(cause))
    return InvalidValue(f"{path}: expected {expected}; mend the value or its schema")


Misfit = tuple[str, str]
"""(path of a field, what was expected there)."""


def _search(schema: Type, value: Any, access: str, path: str) -> Misfit | None:
    match schema:
        case Record():
            return _search_record(schema, value, access, path)
        case Array(items=inner):
            if not isinstance(value, list | tuple | set | frozenset):
                return path, "a list"
            misfits = (_search(inner, item, access, f"{path}[{index}]") for index, item in enumerate(value))
            return next((misfit for misfit in misfits if misfit), None)
        case Map(values=inner):
            if not isinstance(value, dict):
                return path, "a dict"
            if not all(isinstance(key, str) for key in value):
                return path, "keys that are strings"
            misfits = (_search(inner, item, access, f"{path}[*]") for item in value.values())  # a key may be personal
            return next((misfit for misfit in misfits if misfit), None)
        case Union():
            return _search_union(schema, value, access, path)
        case Enum(symbols=symbols):
            fits = isinstance(value, str) and value in symbols
            return None if fits else (path, f"one of {', '.join(symbols)}")
        case Fixed(size=size):
            return None if _writes("X", value, size) else (path, f"{size} bytes")
        case Primitive(name=name):
            article = "an" if name == "int" else "a"
            expected = "None" if name == "null" else f"{article} {name}"
            return None if _writes(_FUNCTION_OF[name], value) else (path, expected)


def _search_record(schema: Record, value: Any, access: str, path: str) -> Misfit | None:
    for field in schema.fields:
        here = f"{path}.{field.name}"
        try:
            inner = getattr(value, field.name) if access == "attribute" else value[field.name]
        except (KeyError, AttributeError, TypeError, IndexError):
            if access == "item" and field.has_default and isinstance(value, dict):
                continue
            return here, "a value, but the field is missing"
        if misfit := _search(field.type, inner, access, here):
            return misfit
    return None


def _search_union(schema: Union, value: Any, access: str, path: str) -> Misfit | None:
    if len(schema.choices) == 1:
        return None if value is None and NULL in schema.branches else _search(schema.choices[0], value, access, path)
    labels = [label(branch) for branch in schema.branches]
    try:
        index, inner = _choose((labels, [fitting(branch) for branch in schema.branches]), value)
    except TypeError:
        return path, f"one of {', '.join(labels)}"
    return _search(schema.branches[index], inner, access, f"{path}<{labels[index].rpartition('.')[2]}>")


_FUNCTION_OF = {
    "boolean": "B",
    "int": "I",
    "long": "L",
    "float": "F",
    "double": "D",
    "bytes": "Y",
    "string": "S",
    "null": "N",
}


def _writes(function: str, value: Any, *more: Any) -> bool:
    try:
        RUNTIME[function](value, *more)
    except (TypeError, OverflowError, AttributeError, struct.error, UnicodeEncodeError):
        return False
    return True
