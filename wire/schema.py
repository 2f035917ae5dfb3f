"""The typed model of an Avro schema: parsed once (`wire.schema_parser`), then walked with `match` statements.

A named type is one object wherever the schema refers to it, so no walker resolves names. Types are compared by identity
where they have a name (a record may hold itself) and by value elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

Json = Any
"""A schema as JSON: a name, a union (list) or an object."""

DAY: Final = 86_400_000_000
"""Microseconds of a day."""
#: Instants (microseconds) and days outside of 1850–2199 are no times of a living city: they would break the calendar.
FIRST_DAY, LAST_DAY = -43_829, 84_005
#: fastavro reads an `int` of any size; only these can be written again.
LEAST_INT, LARGEST_INT = -(2**31), 2**31 - 1
LEAST_LONG, LARGEST_LONG = -(2**63), 2**63 - 1

NO_DEFAULT: Final[Any] = object()
"""The default of a field that must be given."""


class Limits(NamedTuple):
    """Between what an integer must lie, and what is wrong with one that does not."""

    least: int
    most: int
    otherwise: str


DAYS = Limits(FIRST_DAY, LAST_DAY, "is not a day between 1850 and 2199")
TIMES = Limits(FIRST_DAY * DAY, LAST_DAY * DAY, "is not a time between 1850 and 2199")


class Format(NamedTuple):
    """How a text is written: a regular expression for the whole of it, and what is wrong with one that is not."""

    pattern: str
    otherwise: str


FORMATS: Final[Mapping[str, Format]] = {
    "period": Format(
        "(18[5-9][0-9]|19[0-9]{2}|2[01][0-9]{2})(-(0[1-9]|1[0-2]|Q[1-4]))?",
        "is not a period such as 2024, 2024-09 or 2024-Q3",
    ),
}
"""The formats that a field of text may declare."""

INTS = Limits(LEAST_INT, LARGEST_INT, "is not a 32-bit number")


@dataclass(frozen=True)
class Primitive:
    """A type without parts. `logical` is the name of its logical type, or empty."""

    name: str
    logical: str = ""

    @property
    def is_date(self) -> bool:
        """An int of days since 1970-01-01."""
        return (self.name, self.logical) == ("int", "date")

    @property
    def is_time(self) -> bool:
        """A long of microseconds since 1970-01-01 UTC."""
        return (self.name, self.logical) == ("long", "timestamp-micros")

    @property
    def limits(self) -> Limits | None:
        """What a number of the type keeps to; None: no more than Avro's own encoding."""
        if self.is_date:
            return DAYS
        if self.is_time:
            return TIMES
        return INTS if self.name == "int" else None


NULL = Primitive("null")


@dataclass(frozen=True)
class Array:
    """A list of `items`."""

    items: Type


@dataclass(frozen=True)
class Map:
    """Texts to `values`."""

    values: Type


@dataclass(frozen=True)
class Union:
    """One of `branches`."""

    branches: tuple[Type, ...]

    @cached_property
    def choices(self) -> tuple[Type, ...]:
        """The branches besides null."""
        return tuple(branch for branch in self.branches if branch != NULL)

    @property
    def nullable(self) -> bool:
        """Whether null is a branch."""
        return NULL in self.branches


@dataclass(frozen=True, eq=False)
class Enum:
    """One of `symbols`. `symbols_zh`: their Chinese names; `default`: what a reader takes an unknown one for."""

    name: str
    namespace: str
    symbols: tuple[str, ...]
    symbols_zh: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None
    doc: str = ""
    doc_zh: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def fullname(self) -> str:
        return f"{self.namespace}.{self.name}" if self.namespace else self.name


@dataclass(frozen=True, eq=False)
class Fixed:
    """`size` bytes."""

    name: str
    namespace: str
    size: int
    aliases: tuple[str, ...] = ()

    @property
    def fullname(self) -> str:
        return f"{self.namespace}.{self.name}" if self.namespace else self.name


@dataclass(frozen=True, eq=False)
class Field:
    """A record's field. `identity`: it holds a person's identity number, or a list of them. `code`: the kind of code in
    it (`wire.values.codes`); `form`: of a record's number (`wire.values.case_number`); `rules`: what makes its value
    plausible (`wire.values.rules`); `masked`: an identity number in its text is masked, not refused. `bounds` and
    `format`: what a number or a text of it keeps to beside its type, on the wire as well; None if nothing."""

    name: str
    type: Type
    default: Json = NO_DEFAULT
    doc: str = ""
    doc_zh: str = ""
    classification: str = ""
    identity: bool = False
    aliases: tuple[str, ...] = ()
    code: str = ""
    form: str = ""
    rules: Mapping[str, Json] = field(default_factory=dict)
    masked: bool = False
    bounds: Limits | None = None
    format: Format | None = None

    @property
    def has_default(self) -> bool:
        return self.default is not NO_DEFAULT

    @property
    def optional(self) -> bool:
        """Whether its value may be null."""
        return isinstance(self.type, Union) and self.type.nullable

    @property
    def inner(self) -> Type:
        """Its type without null."""
        return without_null(self.type)

    @property
    def many(self) -> bool:
        """Whether it holds a list."""
        return isinstance(self.inner, Array)


@dataclass(frozen=True, eq=False)
class Record:
    """A record. `one_subject`: whether a department's record of this kind is about one subject at a time; None: the
    schema does not say. `attributes` are those that a kind of file adds on its top record, such as `owner`."""

    name: str
    namespace: str
    fields: tuple[Field, ...] = field(default=(), repr=False)  # the parser fills them in: a record may hold itself
    doc: str = ""
    doc_zh: str = ""
    aliases: tuple[str, ...] = ()
    one_subject: bool | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fullname(self) -> str:
        return f"{self.namespace}.{self.name}" if self.namespace else self.name

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by their names, in the record's order."""
        return {field.name: field for field in self.fields}


Named = Record | Enum | Fixed
Type = Primitive | Array | Map | Union | Record | Enum | Fixed


def without_null(schema: Type) -> Type:
    """The type of a value that is not null: of an optional the one other branch, else `schema` itself."""
    if isinstance(schema, Union) and len(schema.choices) == 1:
        return schema.choices[0]
    return schema


def holds_text(schema: Type) -> bool:
    """Whether a value of the type is text or holds some."""
    return any(isinstance(part, Primitive | Map) and part != NULL and _is_text(part) for part in subtypes(schema))


def _is_text(schema: Primitive | Map) -> bool:
    return isinstance(schema, Map) or schema.name == "string"


def label(schema: Type) -> str:
    """What a branch of a union is called: a full name, or the name of the type."""
    match schema:
        case Primitive(name=name):
            return name
        case Array():
            return "array"
        case Map():
            return "map"
        case Union():
            return "union"
    return schema.fullname


def subtypes(schema: Type) -> Iterator[Type]:
    """`schema` and every type within it, in the order in which they are written; a named type once."""
    yield from _subtypes(schema, set())


def _subtypes(schema: Type, seen: set[int]) -> Iterator[Type]:
    if isinstance(schema, Record | Enum | Fixed):
        if id(schema) in seen:
            return
        seen.add(id(schema))
    yield schema
    match schema:
        case Array(items=inner) | Map(values=inner):
            yield from _subtypes(inner, seen)
        case Union(branches=branches):
            for branch in branches:
                yield from _subtypes(branch, seen)
        case Record(fields=fields):
            for part in fields:
                yield from _subtypes(part.type, seen)


def avro(schema: Type, *, logical: bool = True) -> Json:
    """`schema` as JSON with what matters for bytes and compatibility only: no documentation, no classification.

    Without `logical` types dates are ints of days and times longs of microseconds: what fastavro then reads and writes
    is what `domain/` computes with.
    """
    return _avro(schema, logical, "", set())


def _avro(schema: Type, logical: bool, namespace: str, written: set[str]) -> Json:
    match schema:
        case Primitive(name=name, logical=meaning):
            return {"type": name, "logicalType": meaning} if logical and meaning else name
        case Array(items=inner):
            return {"type": "array", "items": _avro(inner, logical, namespace, written)}
        case Map(values=inner):
            return {"type": "map", "values": _avro(inner, logical, namespace, written)}
        case Union(branches=branches):
            return [_avro(branch, logical, namespace, written) for branch in branches]
    if schema.fullname in written:
        return schema.name if schema.namespace == namespace else schema.fullname
    written.add(schema.fullname)
    kind = type(schema).__name__.lower()
    named: dict[str, Json] = {"type": kind, "name": schema.name}
    if schema.namespace != namespace:
        named["namespace"] = schema.namespace
    if schema.aliases:
        named["aliases"] = list(schema.aliases)
    match schema:
        case Enum():
            named["symbols"] = list(schema.symbols)
            if schema.default is not None:
                named["default"] = schema.default
        case Fixed():
            named["size"] = schema.size
        case Record():
            named["fields"] = [_avro_field(field, logical, schema.namespace, written) for field in schema.fields]
    return named


def _avro_field(field: Field, logical: bool, namespace: str, written: set[str]) -> Json:
    made: dict[str, Json] = {"name": field.name, "type": _avro(field.type, logical, namespace, written)}
    if field.has_default:
        made["default"] = field.default
    if field.aliases:
        made["aliases"] = list(field.aliases)
    return made


def default_value(schema: Type, default: Json) -> Any:
    """A default as a value to write. Bytes are Latin-1 text in JSON; a union takes its first fitting branch."""
    match schema:
        case Union(branches=branches):
            for branch in branches:
                if (default is None) == (branch == NULL):
                    return default_value(branch, default)
        case Primitive(name="bytes") | Fixed() if isinstance(default, str):
            return default.encode("latin-1")
        case Array(items=items):
            return [default_value(items, item) for item in default]
        case Map(values=values):
            return {key: default_value(values, value) for key, value in default.items()}
        case Record(fields=fields):
            return {
                field.name: default_value(
                    field.type, default.get(field.name, field.default if field.has_default else None)
                )
                for field in fields
            }
    return default
