"""The views, each with what the contracts say about it: everybody who settles rows takes them from here."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from domain.view import View
from runtime.discover import discover
from wire.contracts import contracts


def views() -> dict[str, View]:
    """Every view by its name. What a new department states of moments (`"momentary": true`) is forgotten in time by a
    view that has no fact for it yet. Raises ContractRefused, PluginRefused."""
    return dict(_ours())


@lru_cache(maxsize=1)
def _ours() -> tuple[tuple[str, View], ...]:
    return tuple((name, _told(view)) for name, view in discover("domain.views", "VIEW", View).items())


def _told(view: View) -> View:
    moments = {
        topic: contract.kept
        for topic, contract in contracts().items()
        if contract.subject == view.subject and contract.momentary and contract.kept is not None
    }
    return replace(view, moments=moments)
