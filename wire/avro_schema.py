"""Named types of an Avro schema: full names, references, defaults."""

from __future__ import annotations

from typing import Any

_NAMED = ("record", "enum", "fixed", "error")
PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


class NamedTypes:
    """The named types of `schema`, found by full name; `root` is the schema with full names in references."""

    def __init__(self, schema: Any) -> None:
        self._by_name: dict[str, dict[str, Any]] = {}
        self.root = self._walk(schema, "")

    def find(self, schema: Any) -> dict[str, Any]:
        """The definition of a named type, given itself or its full name. Raises ValueError."""
        name = schema if isinstance(schema, str) else schema["fullname"]
        try:
            return self._by_name[name]
        except KeyError:
            raise ValueError(f"the schema refers to {name!r}, which it does not define") from None

    def resolve(self, schema: Any) -> Any:
        """`schema`, or the definition that it refers to."""
        return self._by_name.get(schema, schema) if isinstance(schema, str) else schema

    def kind(self, schema: Any) -> str:
        """The Avro type's name: "record", "array", "long" …"""
        resolved = self.resolve(schema)
        if isinstance(resolved, str):
            return resolved
        inner = resolved["type"]
        return inner if isinstance(inner, str) else self.kind(inner)

    def default(self, field: dict[str, Any]) -> Any:
        """A field's default as a value to write. Bytes are Latin-1 text in JSON; a union's is of its first branch."""
        return self._default(field["type"], field["default"])

    def _default(self, schema: Any, value: Any) -> Any:
        resolved = self.resolve(schema)
        if isinstance(resolved, list):
            for branch in resolved:
                if (value is None) == (self.kind(branch) == "null"):
                    return self._default(branch, value)
        kind = self.kind(resolved)
        if kind in ("bytes", "fixed") and isinstance(value, str):
            return value.encode("latin-1")
        if kind == "array":
            return [self._default(resolved["items"], each) for each in value]
        if kind == "map":
            return {key: self._default(resolved["values"], each) for key, each in value.items()}
        if kind == "record":
            return {
                field["name"]: self._default(field["type"], value.get(field["name"], field.get("default")))
                for field in resolved["fields"]
            }
        return value

    def _walk(self, schema: Any, namespace: str) -> Any:
        if isinstance(schema, list):
            return [self._walk(branch, namespace) for branch in schema]
        if isinstance(schema, str):
            if schema in PRIMITIVES:
                return schema
            return schema if "." in schema or not namespace else self._known(schema, namespace)
        kind = schema["type"]
        if isinstance(kind, (dict, list)):
            return self._walk(kind, namespace)
        if kind in _NAMED:
            return self._define(schema, kind, namespace)
        if kind == "array":
            return {**schema, "items": self._walk(schema["items"], namespace)}
        if kind == "map":
            return {**schema, "values": self._walk(schema["values"], namespace)}
        return self._walk(kind, namespace)  # {"type": "long", "logicalType": …}: the raw type

    def _known(self, name: str, namespace: str) -> str:
        full = f"{namespace}.{name}"
        return name if name in self._by_name and full not in self._by_name else full

    def _define(self, schema: dict[str, Any], kind: str, namespace: str) -> dict[str, Any]:
        name = schema["name"]
        namespace = name.rpartition(".")[0] if "." in name else schema.get("namespace", namespace)
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        defined = {**schema, "type": "record" if kind == "error" else kind, "fullname": full}
        self._by_name[full] = defined
        if kind in ("record", "error"):
            defined["fields"] = [{**field, "type": self._walk(field["type"], namespace)} for field in schema["fields"]]
        return defined


def branch_name(schema: Any) -> str:
    """What a branch of a union is called: a full name, or the name of the type."""
    if isinstance(schema, dict):
        return str(schema.get("fullname", schema["type"]))
    return str(schema) if isinstance(schema, str) else "union"
