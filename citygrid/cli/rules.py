"""Rules: list them, try one on the rows of this city before any stage runs with it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, for_machines
from domain.rule import Rule
from domain.time import CITY
from runtime.discover import discover
from runtime.settings import load

if TYPE_CHECKING:
    from domain.step import Alert
    from stream_apps.rule_trial import Trial

EXAMPLE = "citygrid rules try newly-let"
SHOWN = 20

app = typer.Typer(help="Rules: list them, try one on the rows of this city.", no_args_is_help=True)


@app.command("list", epilog="Example: citygrid rules list --json")
def list_(as_json: AsJson = False) -> None:
    """List the rules of this checkout: of which view, how urgent, whose business, and what is asked at the door."""
    rules = _rules().values()
    if as_json:
        print(for_machines([_plain(rule) for rule in rules]))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("rule", "title", "view", "version", "severity", "domain", "asked at the door"):
        table.add_column(column, overflow="fold")
    for rule in rules:
        title, asked = f"{rule.title.zh} {rule.title.en}", " ".join(check.question.zh for check in rule.checks)
        table.add_row(rule.name, title, rule.view, str(rule.version), rule.severity, rule.domain, asked)
    console.print(table)


@app.command("try", epilog="Example: citygrid rules try newly-let --subject DW-1")
def try_(
    name: Annotated[str, typer.Argument(help="The rule's name, as `citygrid rules list` prints it.")],
    subject: Annotated[str | None, typer.Option(help="Only this row: a dwelling, a household, a pseudonym …")] = None,
    at: Annotated[
        datetime | None,
        typer.Option(help="Judge as of this time of the city instead of now.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a rule would find in the rows of this city, and write nothing. Exit code 1: it raised an error.

    It reads the rows that the stages have published, as the rule's file stands now: no process is started anew.
    """
    from runtime.topic_reader import TopicUnreadable
    from stream_apps.rule_trial import tried
    from wire.contracts import contracts
    from wire.freshness import newest_records, quiet_topics
    from wire.registry import RegistryAway, RegistryRefused

    rules, settings = _rules(), load()
    if name not in rules:
        raise CommandFailed(f"There is no rule {name!r}; there are: {', '.join(rules)}.")
    now = time.time_ns() // 1_000 if at is None else int(at.replace(tzinfo=CITY).timestamp()) * 1_000_000
    known = {topic: contract for topic, contract in contracts().items() if topic in rules[name].needs}
    quiet = frozenset(quiet_topics(newest_records(settings), known, now)) if known else frozenset[str]()
    try:
        trial = tried(settings, rules[name], now, quiet, subject)
    except (TopicUnreadable, RegistryAway, RegistryRefused) as away:
        raise CommandFailed(str(away)) from None
    if as_json:
        print(for_machines({"rule": _plain(rules[name]), **trial._asdict(), "alerts": [_of(a) for a in trial.alerts]}))
    else:
        _show(rules[name], trial, now, quiet)
    if trial.failed:
        first = trial.failed[0]
        raise CommandFailed(
            f"{name} fails on {len(trial.failed)} of {trial.rows} rows, which a stage would show as unknown. "
            f"The first: {first.subject}, {first.where}, {first.error}"
        )


def _rules() -> dict[str, Rule]:
    return discover("domain.rules", "RULE", Rule)


def _show(rule: Rule, trial: Trial, now: int, quiet: frozenset[str]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("subject", "where", "cause", "state", "why", "rests on"):
        table.add_column(column, overflow="fold")
    for alert in trial.alerts[:SHOWN]:
        rests = "; ".join(f"{source.department} {source.kind} {source.record}" for source in alert.because)
        why = f"{alert.why_zh}\n{alert.why_en}"
        table.add_row(alert.subject, alert.dwelling or "-", alert.cause, _state(alert), why, rests)
    if trial.alerts:
        console.print(table)
    held = sum(alert.state != "opened" for alert in trial.alerts)
    console.print(
        f"{rule.name} (version {rule.version}): {len(trial.alerts)} findings in {trial.rows} rows of {rule.view}, "
        f"{held} of them held back, as of {_when(now)}. Nothing was written."
        + (f" The first {SHOWN} are shown: see --json." if len(trial.alerts) > SHOWN else "")
    )
    if quiet:
        console.print(f"It needs {', '.join(sorted(quiet))}, of which nothing is heard: what it finds is unknown.")
    if not trial.rows:
        console.print(f"`citygrid view {rule.view}` shows the rows that there are.")
    console.print("Asked at the door: " + " ".join(f"{ask.question.zh} {ask.question.en}" for ask in rule.checks))
    if trial.looks_again_at is not None:
        console.print(f"Time alone may change it next at {_when(trial.looks_again_at)}.")


def _state(alert: Alert) -> str:
    return "unknown" if alert.unknown else alert.state


def _when(instant: int) -> str:
    return datetime.fromtimestamp(instant / 1_000_000, UTC).astimezone(CITY).strftime("%Y-%m-%d %H:%M")


def _plain(rule: Rule) -> dict[str, Any]:
    named = ("name", "title", "view", "version", "severity", "domain", "respond_within", "resolved", "checks")
    return {key: getattr(rule, key) for key in named} | {"needs": sorted(rule.needs)}


def _of(alert: Alert) -> dict[str, Any]:
    return {**alert._asdict(), "because": [source._asdict() for source in alert.because], "state": _state(alert)}
