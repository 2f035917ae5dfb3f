"""A dashboard answers questions: each panel one, in both languages, with what to do behind it."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from runtime.settings import CHECKOUT
from tests.contracts.tools import ALERTS, INFRA, RUNBOOKS, run

DASHBOARDS = {file.stem: json.loads(file.read_text()) for file in (INFRA / "grafana" / "dashboards").glob("*.json")}
PANELS = [(name, panel) for name, dashboard in sorted(DASHBOARDS.items()) for panel in dashboard["panels"]]
SOURCES = yaml.safe_load((INFRA / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text())
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_three_dashboards_ask_three_questions() -> None:
    assert {name: dashboard["uid"] for name, dashboard in DASHBOARDS.items()} == {
        "stuck": "citygrid-stuck", "fresh": "citygrid-fresh", "served": "citygrid-served"
    }  # fmt: skip
    assert all("?" in dashboard["description"] for dashboard in DASHBOARDS.values())


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_are_told_apart_and_do_not_overlap(name: str) -> None:
    panels = DASHBOARDS[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


@pytest.mark.parametrize(("name", "panel"), PANELS, ids=[f"{name}: {panel['title']}" for name, panel in PANELS])
def test_a_panel_says_what_it_answers_and_where_to_read_on(name: str, panel: dict[str, Any]) -> None:
    chinese, english = panel["description"].split("\n\n")
    assert CHINESE.search(chinese)
    assert english
    assert not CHINESE.search(english)
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    known = {source["uid"] for source in SOURCES["datasources"]}
    assert {target["datasource"]["uid"] for target in panel["targets"]} <= known
    for link in panel.get("links", []):
        assert (RUNBOOKS / Path(link["url"]).name).is_file(), f"{panel['title']} links to {link['url']}"
        assert link["url"].startswith("/public/runbooks/")


def test_every_alert_can_be_seen_on_a_panel() -> None:
    shown = {Path(link["url"]).name for _, panel in PANELS for link in panel.get("links", [])}
    assert {Path(alert["annotations"]["runbook_url"]).name for alert in ALERTS.values()} <= shown


def test_grafana_serves_the_runbooks_that_panels_link_to() -> None:
    compose = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
    mounted = [volume.split(":")[:2] for volume in compose["services"]["grafana"]["volumes"]]
    assert ["./docs/runbooks", "/usr/share/grafana/public/runbooks"] in mounted


def test_prometheus_reads_every_expression(tmp_path: Path) -> None:
    asked = [target["expr"] for _, panel in PANELS for target in panel["targets"]]
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(asked)]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    run("promtool", "check", "rules", str(file))


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_a_runbook_leads_from_what_is_seen_to_how_one_knows_that_it_is_mended(page: Path) -> None:
    text = page.read_text()
    places = [text.find(f"**{part}.**") for part in ("You see", "It means", "Look", "Do", "Mended")]
    assert places == sorted(places)
    assert places[0] > 0
    assert CHINESE.search(text.splitlines()[1]), "the second line says it in Chinese"
    for board, title in re.findall(r"\*(Fresh|Stuck|Served)\?\* › \*([^*]+)\*", text):
        titles = [panel["title"] for name, panel in PANELS if name == board.lower()]
        assert any(known.startswith(title) for known in titles), f"{page.name}: no panel {title!r} on {board}"
