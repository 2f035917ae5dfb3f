"""Why a line was rejected is shown in Chinese as well: each sentence of the doors has its line in `text/reasons.js`."""
# ruff: noqa: E501 (lines of tables)

from __future__ import annotations

import re

import pytest

from runtime.settings import CHECKOUT
from web.assets import STATIC
from wire.contracts import contracts
from wire.schema import Primitive, without_null

ENTRY = re.compile(r'^  \[\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)",?\s*\],$', re.MULTILINE)
RAISED = re.compile(
    r'\b(?:Unfit|InvalidCode|InvalidStatement|Rejected|Damaged|ValueError|NotJson)\(\s*(?:[\w.+ \[\]()]+, ){0,2}(f?)"((?:[^"\\]|\\.)+)"'
)
RETURNED = re.compile(r'return (f?)"((?:lies|must|is|has|holds) (?:[^"\\]|\\.)*)"')
#: Of programs and schemas, never of a line.
NOT_OF_LINES = re.compile(r"contracts hold no fields|has '|names no record|is not an? |the fields are|^change$")


def patterns() -> list[re.Pattern[str]]:
    source = (STATIC / "text" / "reasons.js").read_text("utf-8")
    entries = ENTRY.findall(source)
    assert len(entries) == len(re.findall(r"^  \[", source, re.MULTILINE)), "a line is not of the form [pattern, text],"
    assert all(re.search("[\u4e00-\u9fff]", text) for _, text in entries)
    return [re.compile(pattern.replace("\\\\", "\\").replace('\\"', '"'), re.DOTALL) for pattern, _ in entries]


def reasons() -> list[str]:
    """What the doors' modules say, with something in the place of what is filled in."""
    found: dict[str, None] = {}
    files = ["domain/codes.py", "wire/pseudonym.py"]
    for folder in ("wire/values", "producers/publish", "producers/tables"):
        files += [str(file.relative_to(CHECKOUT)) for file in sorted((CHECKOUT / folder).glob("*.py"))]
    for name in files:
        source = (CHECKOUT / name).read_text("utf-8")
        source = re.sub(r'"\s*\n\s*f?"', "", source)  # a sentence over several lines
        for formatted, written in (*RAISED.findall(source), *RETURNED.findall(source)):
            text = written.replace('\\"', '"')
            sentence = re.sub(r"\{[^{}]*\}", "7", text) if formatted else text
            if " " in sentence and (sentence[0].islower()) and not NOT_OF_LINES.search(sentence):
                found[sentence] = None
    return list(found)


def test_there_are_reasons_to_be_held() -> None:
    assert len(reasons()) > 50


@pytest.mark.parametrize("reason", reasons())
def test_each_reason_has_its_chinese(reason: str) -> None:
    assert any(pattern.fullmatch(reason) for pattern in patterns()), f"no line in text/reasons.js for: {reason}"


def of_fields() -> set[str]:
    """What is said of values beyond the limits or the form of a contract's field."""
    said = set()
    for contract in contracts().values():
        for field in (field for kind in contract.kinds.values() for field in kind.fields):
            inner = without_null(field.type)
            limits = inner.limits if isinstance(inner, Primitive) else None
            said |= {one.otherwise for one in (limits, field.bounds, field.format) if one is not None}
    return said


@pytest.mark.parametrize("reason", sorted(of_fields()))
def test_each_limit_of_a_field_has_its_chinese(reason: str) -> None:
    assert any(pattern.fullmatch(reason) for pattern in patterns()), f"no line in text/reasons.js for: {reason}"
