"""What the API counts; seconds and totals, no name, number or address of a person in any label."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

log = structlog.get_logger("citygrid.api")

REGISTRY = CollectorRegistry()

REQUEST_SECONDS = Histogram(
    "citygrid_api_request_seconds",
    "time from a request's arrival to the end of its answer, streams excepted",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
OPEN_STREAMS = Gauge("citygrid_api_open_streams", "live streams (SSE) that are open", registry=REGISTRY)
LOGINS = Counter("citygrid_api_logins_total", "login attempts by outcome", ["outcome"], registry=REGISTRY)
ALERT_TO_ACKNOWLEDGED_SECONDS = Histogram(
    "citygrid_alert_to_acknowledged_seconds",
    "time from a finding's opening to the first acknowledgement of its task",
    buckets=(10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600, 3 * 24 * 3600),
    registry=REGISTRY,
)
COUNTED = Gauge("citygrid_api_counted", "1 if the last count of tasks and alerts succeeded, else 0", registry=REGISTRY)

STATEMENT_TIMEOUT = "-c statement_timeout=5000 -c default_transaction_read_only=on"


class Counts(Collector):
    """Gauges counted in the database at each scrape, city-wide: `dsn` is of a role that may count without an account."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def describe(self) -> Iterator[Metric]:
        """Nothing ahead of a scrape: registering must not need the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Tasks by state and open alerts by rule; on failure neither, and `citygrid_api_counted` 0."""
        tasks = GaugeMetricFamily("citygrid_tasks", "tasks by state", labels=["state"])
        alerts = GaugeMetricFamily("citygrid_open_alerts", "open alerts by rule", labels=["rule", "severity"])
        try:
            with psycopg.connect(self._dsn, connect_timeout=3, options=STATEMENT_TIMEOUT) as connection:
                for state, count in connection.execute("SELECT state, count(*) FROM city.task GROUP BY state"):
                    tasks.add_metric([state], count)
                for rule, severity, count in connection.execute(
                    "SELECT rule, severity, count(*) FROM city.alert WHERE state IN ('opened', 'changed') GROUP BY 1, 2"
                ):
                    alerts.add_metric([rule, severity], count)
        except psycopg.Error as error:
            log.warning("count_failed", error=type(error).__name__)
            COUNTED.set(0)
            return
        COUNTED.set(1)
        yield tasks
        yield alerts
