"""Gauges over what is open: whoever scrapes while they are set anew sees a number, never a gap."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import Gauge

from runtime.metrics import show


class Scraped(Gauge):
    """A gauge that is scraped before and after every change to it."""

    def __init__(self, *words: Any, **more: Any) -> None:
        self.seen: list[dict[str, float]] = []
        super().__init__(*words, **more)

    def _look(self) -> None:
        self.seen.append(samples(self))

    def labels(self, *values: Any, **named: Any) -> Scraped:
        self._look()
        return super().labels(*values, **named)

    def remove(self, *values: Any) -> None:
        self._look()
        super().remove(*values)
        self._look()

    def clear(self) -> None:
        super().clear()
        self._look()


@pytest.fixture
def gauge() -> Scraped:
    return Scraped("open_findings", "Findings that are open.", ["rule"], registry=None)


def samples(gauge: Gauge) -> dict[str, float]:
    return {sample.labels["rule"]: sample.value for metric in gauge.collect() for sample in metric.samples}


def test_what_is_no_longer_counted_goes_and_the_rest_stays(gauge: Scraped) -> None:
    show(gauge, {("elder",): 3, ("car",): 1})
    show(gauge, {("elder",): 2, ("hazard",): 5})
    assert samples(gauge) == {"elder": 2, "hazard": 5}


def test_a_series_that_stays_is_never_away(gauge: Scraped) -> None:
    show(gauge, {("elder",): 3, ("car",): 1})
    gauge.seen.clear()
    show(gauge, {("elder",): 2, ("hazard",): 5})
    assert gauge.seen
    assert all("elder" in labels for labels in gauge.seen)
