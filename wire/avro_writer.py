"""Avro writers generated from a schema: straight-line Python for this one schema, no schema walk, no union search.

The bytes are those of fastavro's `schemaless_writer` at about half its CPU (`bench/avro_writer.py` measures it).
Logical types are not converted: give the raw int, string or bytes. A value that does not fit raises InvalidValue
naming the path of the field, never the value.

Unions: `null` is chosen by None. Among several other branches a record is chosen by a tuple `(name, value)`, or, with
attribute access, by the class name of the value; other branches by the Python type of the value.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

from .avro_encoding import RUNTIME, InvalidValue, diagnose, fitting
from .avro_schema import NamedTypes, branch_name

Access = Literal["item", "attribute"]
Writer = Callable[[Any], bytes]

__all__ = ["InvalidValue", "Writer", "writer"]

_PRIMITIVE = {
    "boolean": "B({x})",
    "int": "I({x})",
    "long": "L({x})",
    "float": "F({x})",
    "double": "D({x})",
    "bytes": "Y({x})",
    "string": "Z[len(e := {x}.encode())] + e",
}


def writer(schema: Any, schema_id: int | None, access: Access = "item") -> Writer:
    """A function value -> bytes for `schema` (as parsed JSON, or a JSON string).

    `schema_id`: begin with Confluent's frame (0, the id as four bytes); None: the bare Avro body.
    `access`: whether fields of records are read as `value["name"]` or as `value.name`. With items a missing field that
    has a default is written as its default, as fastavro does.
    Raises ValueError for a schema that is not Avro; the function raises InvalidValue.
    """
    parsed = json.loads(schema) if isinstance(schema, str) and schema.lstrip()[:1] in "{[" else schema
    types = NamedTypes(parsed)
    frame = b"" if schema_id is None else b"\0" + schema_id.to_bytes(4, "big")
    quick, source = _compiled(types, access, frame, defaults=False)
    patient = _compiled(types, access, frame, defaults=True)[0] if access == "item" else quick

    def write(value: Any) -> bytes:
        try:
            return quick(value)
        except Exception:  # noqa: BLE001 (a default is missing, or the value is wrong: then the search says where)
            try:
                return patient(value)
            except Exception as error:
                raise diagnose(types, value, access, error) from error

    write.__doc__ = source
    return write


def _compiled(types: NamedTypes, access: Access, frame: bytes, defaults: bool) -> tuple[Writer, str]:
    """The function, and its source."""
    generator = _Generator(types, access, defaults)
    expression = generator.expression(types.root, "v")
    namespace: dict[str, Any] = {**RUNTIME, "FRAME": frame, **generator.constants}
    source = "\n".join([*generator.functions, f"def write(v):\n    return FRAME + {expression}"])
    exec(compile(source, f"<avro writer of {branch_name(types.root)}>", "exec"), namespace)  # noqa: S102
    function: Writer = namespace["write"]
    return function, source


class _Generator:
    """Turns a schema into one Python expression that gives bytes; every named type becomes a function of its own."""

    def __init__(self, types: NamedTypes, access: Access, defaults: bool) -> None:
        self._types = types
        self._access = access
        self._defaults = defaults
        self.functions: list[str] = []
        self.constants: dict[str, Any] = {}
        self._named: dict[str, str] = {}
        self._depth = 0

    def expression(self, schema: Any, x: str) -> str:
        """The bytes of the Python expression `x` under `schema`."""
        if isinstance(schema, list):
            return self._union(schema, x)
        name = schema if isinstance(schema, str) else schema["type"]
        if not isinstance(name, str):
            return self.expression(name, x)
        if name == "null":
            return f"N({x})"
        if name in _PRIMITIVE:
            return _PRIMITIVE[name].format(x=x)
        if name == "array":
            inner, i = schema["items"], self._variable()
            return f'(L(len({x})) + b"".join([{self.expression(inner, i)} for {i} in {x}]) + b"\\0" if {x} else E({x}))'
        if name == "map":
            inner, k = schema["values"], self._variable()
            each = f"S({k}) + {self.expression(inner, k + 'v')}"
            return f'(L(len({x})) + b"".join([{each} for {k}, {k}v in {x}.items()]) + b"\\0" if {x} else E({x}))'
        return f"{self._function(self._types.find(schema))}({x})"

    def _variable(self) -> str:
        self._depth += 1
        return f"i{self._depth}"

    def _constant(self, value: Any) -> str:
        name = f"C{len(self.constants)}"
        self.constants[name] = value
        return name

    def _function(self, schema: dict[str, Any]) -> str:
        """The function that writes a record, an enum or a fixed; made when it is first asked for."""
        if schema["fullname"] in self._named:
            return self._named[schema["fullname"]]
        function = self._named[schema["fullname"]] = f"w{len(self._named)}"
        if schema["type"] == "enum":
            codes = {symbol: RUNTIME["L"](code) for code, symbol in enumerate(schema["symbols"])}
            body = f"{self._constant(codes)}[v]"
        elif schema["type"] == "fixed":
            body = f"X(v, {schema['size']})"
        elif not schema["fields"]:
            body = 'b""'
        else:
            body = " + ".join(self._field(field) for field in schema["fields"])
            if len(schema["fields"]) > 2:  # joining is quicker than adding up
                body = 'b"".join((' + ", ".join(self._field(field) for field in schema["fields"]) + "))"
        self.functions.append(f"def {function}(v):\n    return {body}")
        return function

    def _field(self, field: dict[str, Any]) -> str:
        if self._access == "attribute":
            return self.expression(field["type"], f"v.{field['name']}")
        if "default" not in field or not self._defaults:
            return self.expression(field["type"], f"v[{field['name']!r}]")
        default = self._constant(self._types.default(field))
        return self.expression(field["type"], f"v.get({field['name']!r}, {default})")

    def _union(self, branches: list[Any], x: str) -> str:
        names = [branch if isinstance(branch, str) else branch.get("type") for branch in branches]
        others = [index for index, name in enumerate(names) if name != "null"]
        bound = self._variable()
        if len(others) == 1:
            [at] = others
            code = RUNTIME["L"](at)
            if len(branches) == 1:
                return f"{code!r} + {self.expression(branches[0], x)}"
            null = RUNTIME["L"](1 - at)
            inner = f"{code!r} + {self.expression(branches[at], bound)}"
            return f"({null!r} if ({bound} := {x}) is None else {inner})"
        table = {}
        for index, branch in enumerate(branches):
            body = self.expression(branch, "v")
            function = f"u{len(self.functions)}_{index}"
            self.functions.append(f"def {function}(v):\n    return {RUNTIME['L'](index)!r} + {body}")
            table[index] = function
        union = f"union{len(self.functions)}"
        labels = [branch_name(self._types.resolve(branch)) for branch in branches]
        kinds = [fitting(self._types, branch) for branch in branches]
        choose = self._constant((labels, kinds))
        functions = ", ".join(table[index] for index in range(len(branches)))
        self.functions.append(f"def {union}(v):\n    i, v = choose({choose}, v)\n    return ({functions},)[i](v)")
        return f"{union}({x})"
