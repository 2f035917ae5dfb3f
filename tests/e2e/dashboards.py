"""What the product's dashboards show, asked of a real Prometheus with their own expressions."""

from __future__ import annotations

import json
from typing import Any

import httpx

from runtime.settings import CHECKOUT

DASHBOARDS: dict[str, dict[str, Any]] = {
    file.stem: json.loads(file.read_text()) for file in (CHECKOUT / "infra" / "grafana" / "dashboards").glob("*.json")
}
PANELS = {f"{name}: {panel['title']}": panel for name, board in sorted(DASHBOARDS.items()) for panel in board["panels"]}
"""By dashboard and title."""


def shown(prometheus: httpx.Client, panel: dict[str, Any]) -> list[tuple[dict[str, str], float]]:
    """Labels and value of each series of the panel, now. Raises httpx.HTTPStatusError if an expression is refused."""
    shown_series = []
    for target in panel["targets"]:
        reply = prometheus.get("/api/v1/query", params={"query": target["expr"]}).raise_for_status()
        shown_series += [(series["metric"], float(series["value"][1])) for series in reply.json()["data"]["result"]]
    return shown_series
