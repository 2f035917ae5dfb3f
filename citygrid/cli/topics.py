"""The catalogue: every topic that departments state facts on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, errors, for_machines
from domain.time import CITY
from runtime.settings import Settings, load
from sinks.worker import sinks
from wire.asyncapi import document
from wire.catalogue import Entry, Field, Reader, entries
from wire.contracts import contracts
from wire.freshness import newest_records, quiet_topics, record_counts

EXAMPLE = 'citygrid topics --search "tenant sensitive"'


@dataclass(frozen=True)
class TopicState:
    """What the broker says of one topic now; None: it did not say."""

    records: int | None
    last_event_at: datetime | None
    quiet: bool | None


UNKNOWN = TopicState(None, None, None)


def command(
    topic: Annotated[str | None, typer.Argument(help="Only this topic, with its fields.")] = None,
    search: Annotated[str, typer.Option(help="Words that all stand in a topic's description, in any language.")] = "",
    as_json: AsJson = False,
    asyncapi: Annotated[bool, typer.Option("--asyncapi", help="Print the whole catalogue as AsyncAPI 3.")] = False,
) -> None:
    """Show every topic with its owner, what it holds, who reads it, and how fresh it is where a broker answers."""
    if asyncapi:
        print(for_machines(document()))
        return
    listed = list(entries({name: sink.topics() for name, sink in sinks().items()}))
    if topic is not None and topic not in {entry.topic for entry in listed}:
        raise CommandFailed(f"There is no topic {topic!r}: `citygrid topics` lists them.")
    listed = [entry for entry in listed if entry.matches(search) and topic in (None, entry.topic)]
    settings = load()
    states = _states(settings)
    if as_json:
        print(for_machines([_plain(entry, states.get(entry.topic, UNKNOWN)) for entry in listed]))
    elif topic is not None:
        _show_one(listed[0], states.get(topic, UNKNOWN))
    else:
        _show(listed, states)
    if not states:
        errors.print(
            f"Kafka at {settings.kafka_bootstrap} says nothing of these topics, so records and freshness are left out: "
            "start it with `make up`, or set CITYGRID_KAFKA_BOOTSTRAP."
        )


def _states(settings: Settings) -> dict[str, TopicState]:
    newest, now = newest_records(settings), time.time_ns() // 1_000
    counts = record_counts(settings) if newest else {}
    states = {}
    for entry in entries():
        if entry.topic in newest:
            moment = newest[entry.topic]
            last = datetime.fromtimestamp(moment / 1000, UTC) if moment > 0 else None
            quiet = bool(quiet_topics(newest, {entry.topic: contracts()[entry.topic]}, now))
            states[entry.topic] = TopicState(counts.get(entry.topic), last, quiet)
    return states


def _show(listed: list[Entry], states: dict[str, TopicState]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("topic", "what", "owner", "category", "class", "readers", "records", "last event"):
        table.add_column(column, overflow="fold", justify="right" if column == "records" else "left")
    for entry in listed:
        state = states.get(entry.topic, UNKNOWN)
        readers = f"{_way(entry.readers) or '-'}; {len(entry.readers.rules)} rules"
        table.add_row(
            *(entry.topic, entry.zh, entry.owner, entry.category, entry.classification, readers),
            "-" if state.records is None else f"{state.records:,}",
            _last(state),
        )
    console.print(table)
    console.print(f"{len(listed)} topics; `citygrid topics TOPIC` shows one with its fields")


def _last(state: TopicState) -> str:
    if state.quiet is None:
        return "-"
    when = state.last_event_at.astimezone(CITY).strftime("%m-%d %H:%M") if state.last_event_at else "never"
    return f"[yellow]{when}, quiet[/]" if state.quiet else when


def _show_one(entry: Entry, state: TopicState) -> None:
    readers = entry.readers
    for name, value in (
        ("topic", f"{entry.topic} · {entry.zh}"),
        ("what", entry.en),
        ("owner", entry.owner),
        ("category", entry.category),
        ("legal basis", f"{entry.legal_basis} · {entry.legal_basis_zh}"),
        ("kept", entry.retention),
        ("about", entry.subject),
        ("classification", f"{entry.classification}, the highest of its fields"),
        ("quiet after", entry.freshness),
        ("last event", _last(state)),
        ("records", "-" if state.records is None else f"{state.records:,}"),
        ("views", _way(readers) or "-"),
        ("rules", ", ".join(readers.rules) or "-"),
        ("sinks", ", ".join(readers.sinks) or "-"),
    ):
        console.print(f"[bold]{name:<16}[/]{value}", highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("kind", "field", "type", "class", "meaning"):
        table.add_column(column, overflow="fold")
    for kind in entry.kinds:
        for number, field in enumerate(kind.fields):
            table.add_row(kind.name if not number else "", field.name, type_of(field), field.classification, field.zh)
        if not kind.fields:
            table.add_row(kind.name, "-", "", "", kind.zh)
    console.print(table)


def _way(readers: Reader) -> str:
    return ", ".join(readers.views) + (f" → {', '.join(readers.reached)}" if readers.reached else "")


def type_of(field: Field) -> str:
    """`string?`, `string[] (identity number)`, `dibao | medical`, …"""
    kind = " | ".join(field.symbols) if field.symbols else field.type
    return (
        kind
        + ("[]" if field.many else "")
        + ("?" if field.optional else "")
        + (" (identity)" if field.identity else "")
    )


def _plain(entry: Entry, state: TopicState) -> dict[str, Any]:
    kinds = [{**kind._asdict(), "fields": [field._asdict() for field in kind.fields]} for kind in entry.kinds]
    head = [field._asdict() for field in entry.head]
    now = {"records": state.records, "last_event_at": state.last_event_at, "quiet": state.quiet}
    return {**entry._asdict(), "head": head, "kinds": kinds, "readers": entry.readers._asdict(), **now}
