"""What a schedule came to, read from the topics' bytes as any reader would, and in what two outcomes differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from domain.step import FORGET_RESOLVED_AFTER
from tests.golden.compare import BOOKKEEPING, differences, empty, standing
from tests.golden.recompute import Answer
from tests.simulation.broker import Broker
from tests.simulation.codecs import VIEWS, published_reader

Plain = dict[str, Any]
_OF_THE_WAY = {
    "opened_at",
    "at",
    "inputs",
    "respond_within",
    "respond_unit",
    "resolution_zh",
    "resolution_en",
    "resolved_by",
}
"""Fields of an alert that tell when and why it last changed: two right schedules may differ in them."""


class Outcome(NamedTuple):
    """`rows`: view → subject → the published row; `contributions`: topic → (target, the source's view, source) → what
    is in force; `alerts`: the last alert of each finding."""

    rows: dict[str, dict[str, Plain]]
    contributions: dict[str, dict[tuple[str, str, str], Plain]]
    alerts: dict[str, Plain]


def outcome_of(broker: Broker) -> Outcome:
    rows: dict[str, dict[str, Plain]] = {}
    contributions: dict[str, dict[tuple[str, str, str], Plain]] = {}
    for view, known in VIEWS.items():
        read = published_reader(f"rows.{view}").read
        published = {key.decode(): read(value) for key, value in broker.newest(f"rows.{view}").items()}
        bare = {key: {name: row[name] for name in row if name != BOOKKEEPING} for key, row in published.items()}
        rows[view] = {key: row for key, row in bare.items() if not empty(row)}
        if known.contribution is not None:
            topic = f"contributions.{view}"
            records = [published_reader(topic).read(value) for value in broker.newest(topic).values()]
            contributions[topic] = {
                (record["target"], record["source_view"], record["source"]): record
                for record in records
                if record["value"] is not None
            }
    read = published_reader("alerts").read
    return Outcome(rows, contributions, {key.decode(): read(value) for key, value in broker.newest("alerts").items()})


def differ(one: Outcome, other: Outcome) -> list[str]:
    """In what `one` differs from `other`, of the same events by another schedule."""
    lines: list[str] = []
    for view, rows in other.rows.items():
        lines += [f"{view} {line}" for line in differences(one.rows[view], rows)]
    for topic, in_force in other.contributions.items():
        lines += [f"{topic} {line}" for line in differences(one.contributions[topic], in_force)]
    return lines + [f"alert {line}" for line in differences(_open(one), _open(other))]


def differ_from_answer(one: Outcome, answer: Answer) -> list[str]:
    """In what `one` differs from the independent recomputation."""
    lines: list[str] = []
    for view, rows in answer.rows.items():
        wanted = {subject: row for subject, row in rows.items() if not empty(row)}
        lines += [f"{view} {line}" for line in differences(one.rows[view], wanted)]
    return lines + [f"alert {line}" for line in differences(standing(one.alerts.values()), answer.alerts)]


def kept_too_long(one: Outcome, now: int) -> list[str]:
    """Alerts of findings that were resolved so long ago that they should be deleted."""
    return [
        f"alert of {alert['rule']} about {alert['subject']}: resolved at {alert['at']}, still there at {now}"
        for alert in one.alerts.values()
        if alert["state"] == "resolved" and now - alert["at"] >= FORGET_RESOLVED_AFTER
    ]


def _open(one: Outcome) -> Mapping[str, Plain]:
    return {finding: _as_it_stands(alert) for finding, alert in one.alerts.items() if alert["state"] != "resolved"}


def _as_it_stands(alert: Mapping[str, Any]) -> Plain:
    state = "opened" if alert["state"] == "changed" else alert["state"]
    return {name: value for name, value in alert.items() if name not in _OF_THE_WAY} | {"state": state}
