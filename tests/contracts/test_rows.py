"""A view's class and its schema have the same fields, down to the last; a new view's schemas are drafted from it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import pytest

from domain.facts import Fact
from domain.view import NOTHING, Bookkeeping, View
from wire import linked_facts as linked
from wire.contracts import SCHEMAS, published
from wire.row_draft import drafts
from wire.row_shapes import NoShape, misfits, shape, shape_of
from wire.schema_parser import SchemaRefused, read_schema
from wire.views import views

VIEWS = views()
PUBLISHED = published()


@pytest.mark.parametrize("view", VIEWS)
def test_row_and_contribution_have_the_fields_of_their_classes(view: str) -> None:
    assert list(misfits(VIEWS[view])) == []


def test_what_is_known_of_other_numbers_follows_from_the_facts() -> None:
    for file, text in linked.written().items():
        assert file.read_text("utf-8") == text, f"{file.name}: run `python -m wire.linked_facts`"


def test_every_view_is_published() -> None:
    rows = {name.removeprefix("rows.") for name, output in PUBLISHED.items() if output.what == "row"}
    told = {name.removeprefix("contributions.") for name, output in PUBLISHED.items() if output.what == "contribution"}
    assert rows == set(VIEWS)
    assert told == {view for view in VIEWS if VIEWS[view].contribution}


class Inspection(NamedTuple):
    """What an inspector found. In days since 1970."""

    passed: bool
    next_on: int | None


class InDwelling(NamedTuple):
    floors: int


@dataclass(frozen=True, slots=True)
class Lift:
    """A lift of a building."""

    id: str
    inspections: Fact[Inspection] = ()
    told: tuple[InDwelling, ...] = ()
    other: Fact[str] = ()
    bookkeeping: Bookkeeping = NOTHING

    @property
    def safe(self) -> bool | None:
        return None


@dataclass(frozen=True, slots=True)
class Bare:
    id: str
    bookkeeping: Bookkeeping = NOTHING


LIFT = replace(VIEWS["district"], name="lift", row=Lift, contribution=InDwelling)


def test_a_class_without_its_fields_in_the_schema_is_told_in_sentences() -> None:
    told = list(misfits(replace(LIFT, name="district")))
    assert any("it lacks inspections, told of the class Lift" in sentence for sentence in told)
    assert any(sentence.endswith("'grids' is neither a field nor a property of the class.") for sentence in told)
    assert any("'value' is (there: bool) or nothing here and (floors: int) or nothing in" in one for one in told)
    assert list(misfits(replace(VIEWS["district"], row=Bare)))


@pytest.mark.parametrize("view", [*VIEWS.values(), LIFT], ids=lambda view: str(view.name))
def test_a_draft_has_the_shape_of_the_classes_and_asks_for_words(view: View, tmp_path: Path) -> None:
    for folder in ("rows", "contributions"):
        shutil.copytree(SCHEMAS / folder, tmp_path / folder)
        (tmp_path / folder / f"{view.name}.avsc").unlink(missing_ok=True)
    made = drafts(view, tmp_path)
    assert {path.parent.name for path in made} == {"rows", *(["contributions"] if view.contribution else [])}
    for path, text in made.items():
        path.write_text(text)
        with pytest.raises(SchemaRefused, match=r"has no '(doc|classification)'"):
            read_schema(path, {"view"})
        filled = text.replace('"classification": ""', '"classification": "internal"').replace('": ""', '": "a word"')
        path.write_text(filled)
        _, record = read_schema(path, {"view"})
        if path.parent.name == "contributions":
            assert shape(record.by_name["value"].type) == ("maybe", shape_of(view.contribution))
        else:
            of_class = dict(shape_of(view.row))
            assert {name: shape(record.by_name[name].type) for name in of_class} == of_class
            assert "safe" in record.by_name or view is not LIFT
    assert drafts(view, tmp_path) == {}, "what is there is left alone"


def test_a_class_that_no_row_can_hold_is_refused_in_a_sentence() -> None:
    with pytest.raises(NoShape, match="rows hold no "):
        shape_of(dict[str, int])
