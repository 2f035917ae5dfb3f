"""A stage as `citygrid worker stage NAME` runs it, with something else than the checkout's views and rules.

The first argument is a JSON object: `view`; `raises_at`, how record numbers begin at which the view's merge raises;
`judging_raises_at`, subjects at which every rule's check raises; `without`, rules that are not there; `needs`, for some
rules the topics on whose silence they are to rest.
"""

import json
import sys
from dataclasses import replace
from typing import Any

from domain.event import Event
from domain.rule import Rule
from domain.view import View
from runtime.discover import discover
from stream_apps import worker
from wire.views import views

given = json.loads(sys.argv.pop(1))


def changed(package: str, constant: str, kind: type[Any]) -> dict[str, Any]:
    """What is found in `package`, changed as it was asked for."""
    plugins = {
        name: plugin for name, plugin in discover(package, constant, kind).items() if name not in given["without"]
    }
    return {
        name: replace(plugin, needs=frozenset(given["needs"].get(name, plugin.needs)), check=misjudging(plugin))
        for name, plugin in plugins.items()
    }


def misjudging(rule: Rule) -> Any:
    """`rule`'s check with a mistake about some subjects."""

    def check(row: Any, now: int) -> Any:
        if row.id in given["judging_raises_at"]:
            raise RuntimeError(f"the rule has a mistake about {row.id}")
        return rule.check(row, now)

    return check


def failing(view: View) -> View:
    """`view` with a merge that has a mistake."""

    def merge(row: Any, event: Event) -> Any:
        if given["raises_at"] and event.record.startswith(given["raises_at"]):
            raise RuntimeError("the view has a mistake")
        return view.merge(row, event)

    return replace(view, merge=merge)


def failing_views() -> dict[str, View]:
    return {name: failing(view) for name, view in views().items()}


if __name__ == "__main__":
    worker.discover = changed  # type: ignore[attr-defined, assignment]
    worker.views = failing_views  # type: ignore[attr-defined]
    worker.main(given["view"])
