"""A slip in a plug-in's file is told in a sentence before anything starts."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citygrid import cli
from domain.rule import Rule
from domain.view import View
from processes import plugins
from producers.publish.columns import Department
from runtime.discover import PluginRefused, discover
from sinks.sink import Sink

RULE = discover("domain.rules", "RULE", Rule)["newly-let"]
VIEW = discover("domain.views", "VIEW", View)["dwelling"]
SINK = discover("sinks.targets", "SINK", Sink)["row-tables"]
FUND = discover("producers.departments", "DEPARTMENT", Department)["provident-fund"]
(EXPORT,) = FUND.exports
(GROUP, *_) = EXPORT.kinds.values()
(OPENED,) = GROUP


def misfits(monkeypatch: pytest.MonkeyPatch, slip: Any) -> list[str]:
    """The troubles of this checkout with `slip` in the place of the plug-in of its name."""

    def with_slip(package: str, constant: str, of: type[Any]) -> dict[str, Any]:
        return discover(package, constant, of) | ({slip.name: slip} if isinstance(slip, of) else {})

    monkeypatch.setattr(plugins, "discover", with_slip)
    return plugins.troubles()


def test_everything_here_fits() -> None:
    assert plugins.troubles() == []


@pytest.mark.parametrize(
    ("slip", "sentence"),
    [
        (replace(RULE, view="dweling"), "Rule newly-let: there is no view 'dweling'; it must be one of district, dwel"),
        (replace(RULE, needs=frozenset({"housing.tenancies"})), "needs the topic 'housing.tenancies'"),
        (replace(VIEW, name="flat"), "schemas/rows/flat.avsc is missing"),
        (replace(VIEW, contributes_to=frozenset({"grids"})), "contributes to 'grids'"),
        (replace(SINK, topics=lambda: ["alert"]), "Sink row-tables: there is no topic 'alert'"),
        (replace(FUND, exports=(replace(EXPORT, topic="provident-fund.acount"),)), "'provident-fund.acount'"),
        (
            replace(FUND, exports=(replace(EXPORT, kinds={"a": (OPENED._replace(kind="Opened"),)}),)),
            "says 'Opened'; the kinds of provident-fund.account are AccountOpened,",
        ),
        (
            replace(
                FUND, exports=(replace(EXPORT, kinds={"a": (OPENED._replace(columns={"a": EXPORT.head["record"]}),)}),)
            ),
            "fills AccountOpened.a; the fields of AccountOpened are employer, effective_from.",
        ),
    ],
)
def test_a_slip_is_named(monkeypatch: pytest.MonkeyPatch, slip: Any, sentence: str) -> None:
    assert any(sentence in trouble for trouble in misfits(monkeypatch, slip))


def test_a_file_without_its_constant_ends_a_command_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise PluginRefused("domain/rules/a.py exports no RULE: every file of this folder exports exactly one.")

    monkeypatch.setattr(cli, "build", lambda _: refuse)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code, capsys.readouterr().err.count("\n")) == (1, 1)


def test_what_a_plug_in_refuses_itself_is_told_with_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "some_rules"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "two.py").write_text('raise ValueError("rule two: checks must be three to six questions")')
    monkeypatch.syspath_prepend(tmp_path)
    try:
        with pytest.raises(PluginRefused, match=r"some_rules/two\.py: rule two: checks must be"):
            discover("some_rules", "RULE", Rule)
    finally:
        sys.modules.pop("some_rules", None)
