"""What generated writers call, and the search for the field that a value does not fit."""

from __future__ import annotations

import struct
from typing import Any

from .avro_schema import NamedTypes, branch_name

_INT, _LONG = (-(1 << 31), (1 << 31) - 1), (-(1 << 63), (1 << 63) - 1)
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
    if z < 1 << 28:
        return _MORE[z & _LOW] + _LAST[z >> 14]
    if z < 1 << 42:  # milliseconds since 1970
        return _MORE[z & _LOW] + _MORE[z >> 14 & _LOW] + _LAST[z >> 28]
    if z < 1 << 56:  # microseconds
        return _MORE[z & _LOW] + _MORE[z >> 14 & _LOW] + _MORE[z >> 28 & _LOW] + _LAST[z >> 42]
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


def fitting(types: NamedTypes, schema: Any) -> Fitting:
    """Kind of a union's branch, with the symbols of an enum or the size of a fixed."""
    resolved, kind = types.resolve(schema), types.kind(schema)
    return kind, frozenset(resolved["symbols"]) if kind == "enum" else resolved["size"] if kind == "fixed" else None


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
            low, high = _INT if kind == "int" else _LONG
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
}  # fmt: skip


def diagnose(types: NamedTypes, value: Any, access: str, cause: Exception) -> InvalidValue:
    """Look for the first field that does not fit. Only run once writing has failed."""
    found = _search(types, types.root, value, access, branch_name(types.root).rpartition(".")[2])
    path, expected = found or (branch_name(types.root), str(cause))
    return InvalidValue(f"{path}: expected {expected}; mend the value or its schema")


def _search(types: NamedTypes, schema: Any, value: Any, access: str, path: str) -> tuple[str, str] | None:
    schema = types.resolve(schema)
    if isinstance(schema, list):
        return _search_union(types, schema, value, access, path)
    kind = types.kind(schema)
    if kind == "record":
        for field in schema["fields"]:
            here = f"{path}.{field['name']}"
            try:
                inner = getattr(value, field["name"]) if access == "attribute" else value[field["name"]]
            except (KeyError, AttributeError, TypeError, IndexError):
                if access == "item" and "default" in field and isinstance(value, dict):
                    continue
                return here, "a value, but the field is missing"
            if found := _search(types, field["type"], inner, access, here):
                return found
        return None
    if kind in ("array", "map"):
        if not isinstance(value, dict if kind == "map" else (list, tuple, set, frozenset)):
            return path, "a dict" if kind == "map" else "a list"
        items: Any = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            if kind == "map" and not isinstance(key, str):
                return path, "keys that are strings"
            label = "*" if kind == "map" else str(key)  # a map's key may be personal
            if found := _search(
                types, schema[{"map": "values", "array": "items"}[kind]], inner, access, f"{path}[{label}]"
            ):
                return found
        return None
    return None if _writes(schema, kind, value) else (path, _expectation(schema, kind))


def _search_union(types: NamedTypes, schema: list[Any], value: Any, access: str, path: str) -> tuple[str, str] | None:
    labels = [branch_name(types.resolve(branch)) for branch in schema]
    kinds = [types.kind(branch) for branch in schema]
    others = [index for index, kind in enumerate(kinds) if kind != "null"]
    if len(others) == 1:
        return None if value is None and len(schema) > 1 else _search(types, schema[others[0]], value, access, path)
    try:
        index, inner = _choose((labels, [fitting(types, branch) for branch in schema]), value)
    except TypeError:
        return path, f"one of {', '.join(labels)}"
    return _search(types, schema[index], inner, access, f"{path}<{labels[index].rpartition('.')[2]}>")


def _writes(schema: Any, kind: str, value: Any) -> bool:
    if kind == "enum":
        return isinstance(value, str) and value in schema["symbols"]
    try:
        if kind == "fixed":
            _fixed(value, schema["size"])
        else:
            name = {"boolean": "B", "int": "I", "long": "L", "float": "F", "double": "D", "bytes": "Y", "string": "S"}
            RUNTIME[name.get(kind, "N")](value)
    except (TypeError, OverflowError, AttributeError, struct.error, UnicodeEncodeError):
        return False
    return True


def _expectation(schema: Any, kind: str) -> str:
    if kind == "enum":
        return f"one of {', '.join(schema['symbols'])}"
    if kind == "fixed":
        return f"{schema['size']} bytes"
    article = "an" if kind == "int" else "a"
    return "None" if kind == "null" else f"{article} {kind}"
