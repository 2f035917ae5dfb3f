"""What was released stays readable; a schema that breaks it is refused with the field's name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wire import compatibility
from wire.contracts import SCHEMAS, every_schema

Change = Callable[[dict[str, Any]], None]


def test_this_checkout_is_compatible_with_all_that_was_released() -> None:
    assert compatibility.check() == []


def test_every_schema_was_released() -> None:
    unreleased = {topic for topic in every_schema() if not compatibility.released(topic)}
    assert unreleased == set(), "a release writes it down: `citygrid schemas release`"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    root = Path(shutil.copytree(SCHEMAS, tmp_path / "schemas"))
    compatibility.release(root)
    return root


def edit(root: Path, file: str, change: Change) -> list[str]:
    path = root / file
    schema = json.loads(path.read_text(encoding="utf-8"))
    change(schema)
    path.write_text(json.dumps(schema), encoding="utf-8")
    return compatibility.check(root)


def kind(schema: dict[str, Any], index: int = 0) -> dict[str, Any]:
    schema_of_kind: dict[str, Any] = schema["fields"][-1]["type"][index]
    return schema_of_kind


def named(schema: dict[str, Any], name: str) -> dict[str, Any]:
    return next(field for field in schema["fields"] if field["name"] == name)


def field(name: str, kind: Any = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "doc": "x", "doc_zh": "x", "classification": "internal", **more}


MARRIAGE, TRANSPORT = "events/civil-affairs/marriage.avsc", "events/transport/vehicle-registration.avsc"


def retyped(field: dict[str, Any], of: str) -> None:
    """The field as one of another type, without the rules that only a day may have."""
    for rule in ("not_before", "not_after"):
        field.pop(rule)
    field["type"] = of


@pytest.mark.parametrize(
    ("file", "change", "named"),
    [
        (MARRIAGE, lambda s: kind(s)["fields"].append(field("place")), "Married.place"),
        (MARRIAGE, lambda s: s["fields"][-1]["type"].pop(), "Divorced"),
        (MARRIAGE, lambda s: retyped(kind(s)["fields"][1], "string"), "Married.on"),
        (MARRIAGE, lambda s: retyped(kind(s)["fields"][1], "int"), "Married.on"),
        (MARRIAGE, lambda s: kind(s)["fields"][0].update(name="other"), "Married.other"),
        (
            "events/civil-affairs/social-assistance.avsc",
            lambda s: kind(s)["fields"][0]["type"]["symbols"].remove("dibao"),
            "programme",
        ),
        ("rows/dwelling.avsc", lambda s: s["fields"].pop(0), "Dwelling.id"),
        ("rows/dwelling.avsc", lambda s: s["fields"].append(field("lift", "boolean")), "Dwelling.lift"),
        ("alert.avsc", lambda s: named(s, "state")["type"]["symbols"].append("asleep"), "state"),
    ],
)
def test_what_breaks_readers_is_refused_by_name(copied: Path, file: str, change: Change, named: str) -> None:
    troubles = edit(copied, file, change)
    assert troubles, "not noticed"
    assert all(named in trouble for trouble in troubles), troubles


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (MARRIAGE, lambda s: kind(s)["fields"].append(field("place", ["null", "string"], default=None))),
        (MARRIAGE, lambda s: s["fields"][-1]["type"].append({**kind(s), "name": "Annulled"})),
        (MARRIAGE, lambda s: s.update(owner="somebody else")),
        (TRANSPORT, lambda s: kind(s)["fields"][0]["type"]["symbols"].append("tram")),
        ("rows/dwelling.avsc", lambda s: s["fields"].append(field("lift", ["null", "boolean"], default=None))),
    ],
)
def test_what_grows_is_taken(copied: Path, file: str, change: Change) -> None:
    assert edit(copied, file, change) == []
    assert len(compatibility.release(copied)) == (file != MARRIAGE or "somebody" not in (copied / file).read_text())
    assert compatibility.check(copied) == []


def test_a_released_schema_cannot_go_away(copied: Path) -> None:
    (copied / MARRIAGE).unlink()
    assert any("civil-affairs.marriage" in trouble for trouble in compatibility.check(copied))
