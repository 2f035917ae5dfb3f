"""What is made of the list of processes: Prometheus' targets, the compose file's services and logins, the metrics page.

`python -m processes.observe` rewrites `infra/prometheus/targets/compose.json`, the marked lines of
`docker-compose.yml`, `docs/metrics.md` and `docs/retention.md`; contract tests compare them with what it would write.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from processes.inventory import Process, workers
from processes.logins import OPERATOR, on_kafka
from runtime.discover import discover
from runtime.setting_sources import Name
from runtime.settings import CHECKOUT, Settings
from sinks.sink import Sink

Row = tuple[str, str, tuple[str, ...], str]
INFRA = CHECKOUT / "infra" / "prometheus"
COMPOSE_TARGETS = INFRA / "targets" / "compose.json"
COMPOSE_FILE = CHECKOUT / "docker-compose.yml"
METRICS_PAGE = CHECKOUT / "docs" / "metrics.md"

COMPOSE_BEGIN = "  # (stages and sinks: written by `python -m processes.observe`)\n"
COMPOSE_END = "  # (end of stages and sinks)\n"
LOGINS_BEGIN = "  # (logins: written by `python -m processes.observe`)\n"
LOGINS_END = "  # (end of logins)\n"

PAGE = """\
# Metrics
Every process answers `/metrics` in Prometheus' text format; `citygrid status` says where (for the API the port is
`CITYGRID_API_METRICS_PORT`). Seconds, records and rows; `_total` counts since the process began. No label names a
person, a number or an address. This page is written by `python -m processes.observe` from `runtime/metrics.py` and
`dataplane/metrics.py`; alert rules and dashboards may use these names only (`tests/contracts/test_infra.py`).

Prometheus adds `process` (its name in `citygrid status`) and `kind`
(`stage`, `records`, `sink`, `outbox`, `mending`, `push`, `clock`, `gateway`, `devices`, `sealer`, `retention`, `api`).

"""


def targets(settings: Settings) -> list[dict[str, Any]]:
    """Where each process of this host answers `/metrics`, as Prometheus' file_sd wants it."""
    return [_target(process, settings.host, _port(process, settings)) for process in workers()]


def compose_targets(settings: Settings) -> list[dict[str, Any]]:
    """As `targets`, where each process is a container of its own, under its own name."""
    ports = {"api": settings.api_metrics_port}
    return [_target(process, process.name, ports.get(process.kind, settings.worker_port)) for process in workers()]


def compose_file(text: str) -> str:
    """The compose file with a service for each stage and sink of this checkout, and the password of each login that a
    service has, between their marks."""
    services = (_service(process) for process in workers() if process.kind in ("stage", "sink"))
    text = _between(COMPOSE_BEGIN, "\n".join(services) + "\n", COMPOSE_END, text)
    names = [f"kafka_{name}" for name in (*(process.name for process in on_kafka()), OPERATOR)]
    names += [secret for process in workers() for secret in own_secrets(process)]
    secrets = (f"  {name}:\n    file: ./secrets/{name}\n" for name in names)
    return _between(LOGINS_BEGIN, "".join(secrets), LOGINS_END, text)


def _between(begin: str, made: str, end: str, text: str) -> str:
    before, there, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (there and closed):
        raise ValueError(f"{COMPOSE_FILE.name} lacks the line {begin.strip()!r} or {end.strip()!r}.")
    return before + begin + made + end + after


def own_secrets(process: Process) -> list[str]:
    """The files of the secrets that this sink alone reads."""
    return [setting.name.lower() for setting in _own(process) if setting.is_secret]


def _own(process: Process) -> list[Name]:
    """The settings that stand in this sink's own file."""
    sink = discover("sinks.targets", "SINK", Sink)[process.plugin or ""] if process.kind == "sink" else None
    return sink.settings.names() if sink and sink.settings else []


def _service(process: Process) -> str:
    database = "postgres" in process.needs
    lines = [
        f"  {process.name}:",
        "    <<: *ours",
        f"    command: [worker, {process.kind}, {process.plugin}]",
        "    environment:",
        "      <<: *settings",
        f"      CITYGRID_KAFKA_SASL_USERNAME: {process.name}",
        *(f"      {own.name}: ${{{own.name}:-}}" for own in _own(process) if not own.is_secret),
        "    secrets:",
        *(["      - citygrid_database_sinks_dsn"] if database else []),
        *(f"      - {secret}" for secret in own_secrets(process)),
        f"      - {{source: kafka_{process.name}, target: citygrid_kafka_sasl_password}}",
        "      - {source: registry_reader_password, target: citygrid_registry_password}",
        "    healthcheck: *worker-health",
        f"    depends_on: {'*after-init-and-database' if database else '*after-init'}",
    ]
    return "\n".join(lines) + "\n"


def write_local(settings: Settings) -> Path:
    """Write Prometheus' configuration for the local stack into the state folder; returns it.

    Without Alertmanager, which the local stack does not have; the rules are those of `infra/`.
    """
    folder = settings.state_dir / "prometheus"
    (folder / "targets").mkdir(parents=True, exist_ok=True)
    (folder / "targets" / "local.json").write_text(_json(targets(settings)))
    template = (INFRA / "prometheus.yml").read_text("utf-8")
    before, _, rest = template.partition("alerting:\n")
    _, _, after = rest.partition("scrape_configs:\n")
    before = before.replace("${CITYGRID_RUNBOOKS_URL}", settings.runbooks_url)
    text = before.replace("- rules/*.yml", f"- {INFRA / 'rules'}/*.yml") + "scrape_configs:\n" + after
    configuration = folder / "prometheus.yml"
    configuration.write_text(text, "utf-8")
    return configuration


def metrics_page() -> str:
    """docs/metrics.md, made of the declarations."""
    from runtime.metrics import DECLARED

    rows: list[Row] = [(metric.name, metric.kind, metric.labels, metric.meaning) for metric in DECLARED.values()]
    return PAGE + _table("citygrid's own", rows) + "\n" + _table("The data plane's", _of_the_data_plane())


def _of_the_data_plane() -> list[Row]:
    from prometheus_client.metrics import MetricWrapperBase

    from dataplane import metrics

    rows: list[Row] = []
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            family = next(iter(metric.describe()))
            name = f"{family.name}_total" if family.type == "counter" else family.name
            rows.append((name, str(family.type), tuple(metric._labelnames), family.documentation))  # noqa: SLF001 - no other way
    return rows


def _table(title: str, rows: list[Row]) -> str:
    lines = [f"## {title}", "| name | type | labels | meaning |", "|---|---|---|---|"]
    for name, kind, labels, meaning in rows:
        lines.append(f"| `{name}` | {kind} | {' '.join(f'`{label}`' for label in labels) or '–'} | {meaning} |")
    return "\n".join(lines) + "\n"


def _port(process: Process, settings: Settings) -> int:
    return settings.api_metrics_port if process.kind == "api" else settings.port_of(process.name)


def _target(process: Process, host: str, port: int) -> dict[str, Any]:
    return {"targets": [f"{host}:{port}"], "labels": {"process": process.name, "kind": process.kind}}


def _json(listed: list[dict[str, Any]]) -> str:
    return json.dumps(listed, indent=1) + "\n"


def main() -> None:
    """Rewrite what is made of declarations."""
    from processes.retention_page import RETENTION_PAGE, retention_page

    METRICS_PAGE.write_text(metrics_page(), "utf-8")
    RETENTION_PAGE.write_text(retention_page(), "utf-8")
    COMPOSE_FILE.write_text(compose_file(COMPOSE_FILE.read_text("utf-8")), "utf-8")
    COMPOSE_TARGETS.write_text(_json(compose_targets(Settings(_env_file=None))))


if __name__ == "__main__":
    main()
