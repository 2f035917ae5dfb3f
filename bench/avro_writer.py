"""CPU of a generated Avro writer against fastavro's, on the rows of the city join: `python -m bench.avro_writer`."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from typing import Any

from fastavro import parse_schema, schemaless_writer

from bench import job
from wire.avro_writer import writer

ROUNDS = 20_000


def microseconds(write: Callable[[Any], Any], value: Any) -> float:
    """CPU of one call, best of five rounds."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(ROUNDS // 5):
            write(value)
        best = min(best, (time.process_time() - began) / (ROUNDS // 5) * 1e6)
    return best


def compare(schema: dict[str, Any], value: dict[str, Any]) -> dict[str, float]:
    """Microseconds a row of both, and their quotient; the bytes are checked to be equal."""
    parsed = parse_schema(json.loads(json.dumps(schema)))

    def by_fastavro(row: dict[str, Any]) -> bytes:
        out = io.BytesIO()
        schemaless_writer(out, parsed, row)
        return out.getvalue()

    generated = writer(schema, None)
    if generated(value) != by_fastavro(value):
        raise SystemExit("the bytes differ: this is no comparison")
    ours, theirs = microseconds(generated, value), microseconds(by_fastavro, value)
    return {"generated_us": round(ours, 2), "fastavro_us": round(theirs, 2), "share": round(ours / theirs, 2)}


def sample(schema: Any, name: str = "") -> Any:
    """A value of the kind that the bench's rows hold."""
    if isinstance(schema, list):
        return sample(schema[-1], name)
    match schema if isinstance(schema, str) else schema["type"]:
        case "string":
            return f"{name}-0123456789"
        case "int":
            return 3
        case "long":
            return 1_700_000_000_000
        case "array":
            return [sample(schema["items"], name)] * 3
        case "map":
            return {"a": sample(schema["values"], name)}
        case "record":
            return {field["name"]: sample(field["type"], field["name"]) for field in schema["fields"]}
        case other:
            raise ValueError(f"no sample for {other}")


def main() -> None:
    """One line of JSON a schema."""
    for name, schema in job.SCHEMAS.items():
        print(json.dumps({"schema": name, **compare(schema, sample(schema))}))


if __name__ == "__main__":
    main()
