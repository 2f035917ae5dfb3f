"""Avro writers generated from a schema: straight-line Python, so the schema is walked once and not for each value.

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

from wire.avro_encoding import RUNTIME, InvalidValue, diagnose, fitting
from wire.row_classes import FEW
from wire.schema import (
    NULL,
    Array,
    Enum,
    Field,
    Fixed,
    Json,
    Map,
    Named,
    Primitive,
    Record,
    Type,
    Union,
    default_value,
    label,
)
from wire.schema_parser import parse

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


def writer(schema: Json | Type, schema_id: int | None, access: Access = "item") -> Writer:
    """A function value -> bytes for `schema` (a model, or JSON as text or parsed).

    `schema_id`: begin with Confluent's frame (0, the id as four bytes); None: the bare Avro body.
    `access`: whether fields of records are read as `value["name"]` or as `value.name`. With items a missing field that
    has a default is written as its default, as fastavro does.
    Raises SchemaRefused (a ValueError) for a schema that is not Avro; the function raises InvalidValue.
    """
    model = parse(json.loads(schema) if isinstance(schema, str) and schema.lstrip()[:1] in "{[" else schema)
    frame = b"" if schema_id is None else b"\0" + schema_id.to_bytes(4, "big")
    quick, source = _compiled(model, access, frame, defaults=False)
    patient = _compiled(model, access, frame, defaults=True)[0] if access == "item" else quick

    def write(value: Any) -> bytes:
        try:
            return quick(value)
        except Exception:  # noqa: BLE001 (a default is missing, or the value is wrong: then the search says where)
            try:
                return patient(value)
            except Exception as error:
                raise diagnose(model, value, access, error) from error

    write.__doc__ = source
    return write


def _compiled(schema: Type, access: Access, frame: bytes, defaults: bool) -> tuple[Writer, str]:
    """The function, and its source."""
    generator = _Generator(access, defaults)
    expression = generator.expression(schema, "v")
    namespace: dict[str, Any] = {**RUNTIME, "FRAME": frame, **generator.constants}
    source = "\n".join([*generator.functions, f"def write(v):\n    return FRAME + {expression}"])
    exec(compile(source, f"<avro writer of {label(schema)}>", "exec"), namespace)  # noqa: S102
    function: Writer = namespace["write"]
    return function, source


class _Generator:
    """Turns a schema into one Python expression that gives bytes; every named type becomes a function of its own."""

    def __init__(self, access: Access, defaults: bool) -> None:
        self._access = access
        self._defaults = defaults
        self.functions: list[str] = []
        self.constants: dict[str, Any] = {}
        self._named: dict[Named, str] = {}
        self._depth = 0

    def expression(self, schema: Type, x: str) -> str:
        """The bytes of the Python expression `x` under `schema`."""
        match schema:
            case Primitive(name="null"):
                return f"N({x})"
            case Primitive(name=name):
                return _PRIMITIVE[name].format(x=x)
            case Union(branches=branches):
                return self._union(branches, x)
            case Array(items=inner):
                i, all_of = self._variable(), self._variable()
                item = self.expression(inner, i)
                items = f'Z[len({all_of})] + b"".join([{item} for {i} in {all_of}]) + b"\\0"'
                return f'({items} if ({all_of} := {x}) else b"\\0" if {all_of} == () else E({all_of}))'
            case Map(values=inner):
                k = self._variable()
                item = f"S({k}) + {self.expression(inner, k + 'v')}"
                return f'(L(len({x})) + b"".join([{item} for {k}, {k}v in {x}.items()]) + b"\\0" if {x} else E({x}))'
        return f"{self._function(schema)}({x})"

    def _variable(self) -> str:
        self._depth += 1
        return f"i{self._depth}"

    def _constant(self, value: Any) -> str:
        name = f"C{len(self.constants)}"
        self.constants[name] = value
        return name

    def _function(self, schema: Named) -> str:
        """The function that writes a record, an enum or a fixed; made when it is first asked for."""
        if schema in self._named:
            return self._named[schema]
        function = self._named[schema] = f"w{len(self._named)}"
        match schema:
            case Enum(symbols=symbols):
                codes = {symbol: RUNTIME["L"](code) for code, symbol in enumerate(symbols)}
                body = f"{self._constant(codes)}[v]"
            case Fixed(size=size):
                body = f"X(v, {size})"
            case Record(fields=()):
                body = 'b""'
            case Record(fields=fields):
                parts = [self._field(field) for field in fields]
                # joining many is quicker than adding them up
                body = 'b"".join((' + ", ".join(parts) + "))" if len(parts) > 2 else " + ".join(parts)
        self.functions.append(f"def {function}(v):\n    return {body}")
        return function

    def _field(self, field: Field) -> str:
        if self._access == "attribute":
            if field.name in FEW and field.type == Primitive("string"):
                return f"W[v.{field.name}]"
            return self.expression(field.type, f"v.{field.name}")
        if not field.has_default or not self._defaults:
            return self.expression(field.type, f"v[{field.name!r}]")
        default = self._constant(default_value(field.type, field.default))
        return self.expression(field.type, f"v.get({field.name!r}, {default})")

    def _union(self, branches: tuple[Type, ...], x: str) -> str:
        choices = [index for index, branch in enumerate(branches) if branch != NULL]
        bound = self._variable()
        if len(choices) == 1:
            [index] = choices
            code = RUNTIME["L"](index)
            if len(branches) == 1:
                return f"{code!r} + {self.expression(branches[0], x)}"
            null = RUNTIME["L"](1 - index)
            inner = f"{code!r} + {self.expression(branches[index], bound)}"
            return f"({null!r} if ({bound} := {x}) is None else {inner})"
        names = []
        for index, branch in enumerate(branches):
            body = self.expression(branch, "v")
            name = f"u{len(self.functions)}_{index}"
            self.functions.append(f"def {name}(v):\n    return {RUNTIME['L'](index)!r} + {body}")
            names.append(name)
        union = f"union{len(self.functions)}"
        choose = self._constant(([label(branch) for branch in branches], [fitting(branch) for branch in branches]))
        functions = f"({', '.join(names)},)"
        index_of: dict[str, int] = {}
        for index, name in enumerate(map(label, branches)):
            index_of.setdefault(name, index)
            index_of.setdefault(name.rpartition(".")[2], index)
        named = self._constant(index_of)
        self.functions.append(
            f"def {union}(v):\n"
            f"    i = {named}.get(v[0]) if type(v) is tuple and len(v) == 2 and type(v[0]) is str else None\n"
            f"    if i is not None:\n"
            f"        return {functions}[i](v[1])\n"
            f"    i, v = choose({choose}, v)\n"
            f"    return {functions}[i](v)"
        )
        return f"{union}({x})"
