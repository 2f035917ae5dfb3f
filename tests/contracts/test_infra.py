"""What stands under infra/, in the containers' files and in the documents fits the code and each other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml  # type: ignore[import-untyped]
from prometheus_client.metrics import MetricWrapperBase

from citygrid.cli import CommandFailed, build
from citygrid.cli.secrets import contents, init
from domain.time import CITY
from processes import observe
from processes.inventory import WORKERS, workers
from runtime.settings import CHECKOUT, Settings
from tests.contracts.tools import ALERTS, INFRA, RULES, RUNBOOKS, run

COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
DASHBOARDS = sorted((INFRA / "grafana" / "dashboards").glob("*.json"))
PAGES = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"), *(CHECKOUT / "dataplane").rglob("*.md")]

# What every scraped process has besides what we declare.
STANDARD = {"up", "process_start_time_seconds", "process_resident_memory_bytes"}
WORDS = {"and", "or", "unless", "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "bool"}


def metrics_in(expression: str) -> set[str]:
    """The names of the series that a PromQL expression asks for."""
    named = re.findall(r'__name__=~"([^"]+)"', expression)
    bare = re.sub(r"\{[^}]*\}", "", re.sub(r'"[^"]*"', '""', expression))
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", bare)
    bare = re.sub(r"\[[^\]]*\]|\boffset\s+\w+", "", bare)
    names = set(re.findall(r"(?<![\w.:])[A-Za-z_:][\w:]*(?!\w|\s*\()", bare)) - WORDS
    return names | {name for alternatives in named for name in alternatives.split("|")}


def declared_names() -> set[str]:
    """Every name that a query may use, with a histogram's `_bucket`, `_sum` and `_count`."""
    names = set()
    for name, kind in re.findall(r"^\| `(\w+)` \| (\w+) \|", observe.metrics_page(), re.MULTILINE):
        names |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "histogram" else {name}
    return names


def test_names_are_found_in_expressions() -> None:
    assert metrics_in('sum by (le) (rate(a_bucket{x="y z"}[5m])) / on (b) c:d offset 15m > 3600') == {"a_bucket", "c:d"}
    assert metrics_in('{__name__=~"a|b"} unless humble') == {"a", "b", "humble"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_for_declared_metrics_only(rule: dict[str, Any]) -> None:
    known = declared_names() | STANDARD | {recorded["record"] for recorded in RULES if "record" in recorded}
    assert metrics_in(rule["expr"]) <= known


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_a_dashboard_asks_for_declared_metrics_only(file: Path) -> None:
    known = declared_names() | STANDARD | {recorded["record"] for recorded in RULES if "record" in recorded}
    dashboard = json.loads(file.read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) >= len(dashboard["panels"]) > 0
    assert {name for expression in asked for name in metrics_in(expression)} <= known


def test_every_alert_has_its_runbook_and_a_test() -> None:
    links = {name: rule["annotations"]["runbook_url"] for name, rule in ALERTS.items()}
    assert {link.rpartition("/")[0] for link in links.values()} == {"{{ $externalLabels.runbooks }}"}
    linked = {RUNBOOKS / Path(link).name: name for name, link in links.items()}
    assert {file: file.read_text().split("\n")[0] for file in RUNBOOKS.glob("*.md")} == {
        file: f"# {name}" for file, name in linked.items()
    }
    tests = "".join(file.read_text() for file in (INFRA / "prometheus" / "tests").glob("*.yml"))
    for name, rule in ALERTS.items():
        assert f"alertname: {name}\n" in tests, f"{name} has no unit test that expects it"
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_what_is_generated_is_up_to_date() -> None:
    assert observe.METRICS_PAGE.read_text() == observe.metrics_page(), "run python -m processes.observe"
    there = json.loads(observe.COMPOSE_TARGETS.read_text())
    assert there == observe.compose_targets(Settings(_env_file=None)), "run python -m processes.observe"
    compose = observe.COMPOSE_FILE.read_text()
    assert compose == observe.compose_file(compose), "run python -m processes.observe"


@pytest.mark.rare
def test_prometheus_accepts_configuration_and_rules(tmp_path: Path) -> None:
    tests = [str(file) for file in sorted((INFRA / "prometheus" / "tests").glob("*.yml"))]
    run("promtool", "test", "rules", *tests)
    run("promtool", "check", "config", str(INFRA / "prometheus" / "prometheus.yml"))
    local = observe.write_local(Settings(_env_file=None, state_dir=tmp_path))
    assert "alertmanager" not in local.read_text()
    assert len(json.loads((tmp_path / "prometheus" / "targets" / "local.json").read_text())) == len(workers())
    run("promtool", "check", "config", str(local))


def test_an_alert_carries_an_address_that_its_receiver_can_open(tmp_path: Path) -> None:
    def runbooks(configuration: str) -> str:
        return str(yaml.safe_load(configuration)["global"]["external_labels"]["runbooks"])

    known = Settings(_env_file=None, state_dir=tmp_path)
    assert runbooks(observe.write_local(known).read_text()) == RUNBOOKS.as_uri()
    theirs = known.model_copy(update={"runbooks_url": "https://docs.example/runbooks"})
    assert runbooks(observe.write_local(theirs).read_text()) == theirs.runbooks_url
    # in containers Prometheus puts it there itself, and Grafana serves the pages
    assert runbooks((INFRA / "prometheus" / "prometheus.yml").read_text()) == "${CITYGRID_RUNBOOKS_URL}"
    default = "${CITYGRID_RUNBOOKS_URL:-http://127.0.0.1:3000/public/runbooks}"
    assert COMPOSE["services"]["prometheus"]["environment"] == {"CITYGRID_RUNBOOKS_URL": default}
    assert "127.0.0.1:3000:3000" in COMPOSE["services"]["grafana"]["ports"]


def test_compose_accepts_its_file() -> None:
    run("docker-compose", "--file", str(CHECKOUT / "docker-compose.yml"), "config", "--quiet")


def test_each_process_has_its_container() -> None:
    ours = {name: service["command"] for name, service in COMPOSE["services"].items() if service.get("build")}
    for process in workers():
        expected = ["worker", process.kind, *([process.plugin] if process.plugin else [])]
        assert ours.get(process.name) == expected, f"{process.name} is no service of docker-compose.yml"
    assert {command[1] for command in ours.values() if command[0] == "worker"} <= WORKERS.keys()


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_a_container_is_pinned_checked_and_private(name: str) -> None:
    service = COMPOSE["services"][name]
    tag = service["image"].rpartition(":")[2]
    assert re.search(r"\d", tag), f"{name}: {service['image']} is not pinned"
    assert "healthcheck" in service or name == "init"
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), f"{name} is open to the network"
    if service.get("build"):
        assert service["user"].endswith(":-10001}")
        assert service["read_only"]
    for volume in service.get("volumes", []):
        source = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")[0]
        assert source in COMPOSE["volumes"] or (CHECKOUT / source).exists()
    for setting, value in service.get("environment", {}).items():
        assert not re.search("PASSWORD$|_DSN$|_KEY$|TOKEN$", setting), f"{name}: {setting} is a secret in the file"
        if setting.startswith("CITYGRID_") and setting != "CITYGRID_SECRETS_DIR":
            assert setting.removeprefix("CITYGRID_").lower() in Settings.model_fields, f"{setting} is no setting"
        assert value is not None


def test_one_command_makes_every_secret() -> None:
    made = contents()
    assert {f"./secrets/{name}" for name in made} >= {secret["file"] for secret in COMPOSE["secrets"].values()}
    assert made["citygrid_owner_password"][0] in made["citygrid_database_owner_dsn"][0]
    assert made["pseudonym.key"][1] == made["citygrid_database_api_dsn"][1] == 0o600
    assert contents()["postgres_password"] != made["postgres_password"]
    assert "CITYGRID_UID=0\n" not in made["compose.env"][0]


def test_secrets_are_made_once_and_for_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    init(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == {
        name: mode for name, (_, mode) in contents().items()
    }
    with pytest.raises(CommandFailed, match="left alone"):
        init(folder)


def test_the_image_is_not_root_and_takes_no_state() -> None:
    lines = (CHECKOUT / "Dockerfile").read_text().split("\n")
    assert "USER citygrid" in lines
    assert any(line.startswith("FROM python:3.13.") for line in lines)
    assert any("--require-hashes" in line for line in lines)
    ignored = (CHECKOUT / ".dockerignore").read_text().split("\n")
    assert "*" in ignored
    assert not {"!secrets", "!state", "!.env"} & set(ignored)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, f"{page.name} links to {target}"
    for named in re.findall(
        r"`((?:docs|infra|schemas|domain|runtime|citygrid|producers|sinks|api|web)/[\w./-]+)`", text
    ):
        assert (CHECKOUT / named).exists(), f"{page.name} names {named}"


def commands(page: Path) -> list[list[str]]:
    """Each `citygrid …` that a page tells the reader to run, as words."""
    return [
        line.split() for line in re.findall(r"(?:^|`|&& )citygrid ([a-z][^`\n|&]*)", page.read_text(), re.MULTILINE)
    ]


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.stem)
def test_documented_commands_and_options_exist(page: Path) -> None:
    for words in commands(page):
        command: Any = typer.main.get_command(build())
        line = f"{page.name}: citygrid {' '.join(words)}"
        while hasattr(command, "commands") and words:
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= options, line


def test_no_metric_is_declared_for_nothing() -> None:
    from runtime import metrics

    rooms = ("api", "citygrid", "processes", "producers", "runtime", "sinks", "stream_apps", "wire")
    files = [file for room in rooms for file in (CHECKOUT / room).rglob("*.py") if file.name != "metrics.py"]
    code = "".join(file.read_text() for file in files)
    declared = [name for name, value in vars(metrics).items() if isinstance(value, MetricWrapperBase)]
    assert len(declared) == len(metrics.DECLARED)
    assert [
        name
        for name in declared
        if not re.search(rf"\b{name}\.(labels|inc|set|set_to_current_time|observe|time)\b|\bshow\({name},", code)
    ] == []
    assert not re.search(r'= (Counter|Gauge|Histogram)\(\s*"', code), "declare it in runtime/metrics.py"


def test_there_is_one_time_zone_and_it_stands_once_in_each_language() -> None:
    """Dates on the wire are midnights of `domain/time.py`: a setting of another zone would only shift what is shown."""
    assert not [name for name in Settings.model_fields if "zone" in name]
    rooms = ("api", "citygrid", "database", "demo", "domain", "local", "processes", "producers", "runtime", "sinks",
             "stream_apps", "wire")  # fmt: skip
    python = [file for room in rooms for file in (CHECKOUT / room).rglob("*.py")]
    pages = (CHECKOUT / "web" / "static").rglob("*.js")
    naming = re.compile(r"""ZoneInfo\(|timeZone: "|ZONE = """)
    found = {str(file.relative_to(CHECKOUT)) for file in (*python, *pages) if naming.search(file.read_text())}
    assert found == {"domain/time.py", "web/static/app/time.js"}
    assert f'const ZONE = "{CITY.key}"' in (CHECKOUT / "web/static/app/time.js").read_text()
    routes = yaml.safe_load((INFRA / "alertmanager" / "routes.yml").read_text())
    hours = [span for named in routes["time_intervals"] for span in named["time_intervals"]]
    assert {span["location"] for span in hours} == {CITY.key}
    assert {json.loads(board.read_text())["timezone"] for board in DASHBOARDS} == {CITY.key}
