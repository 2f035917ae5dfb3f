"""Traces of single events through every hop, by the W3C `traceparent` header of their Kafka records.

The door chooses an event by its id, so that every process knows without a look at a header which events it has to look
at: reading six headers costs 4 µs a record in confluent-kafka, comparing two texts 0.04 µs (`python -m bench.traces`).
What follows from a chosen event (rows, contributions, alerts) carries the header, all else carries none. OpenTelemetry
is imported, and its SDK called, for chosen events only. docs/decisions/0017-traces.md says why it is so.

Span names and attributes: OpenTelemetry's messaging and CloudEvents conventions. A span holds the ids of events, never
a key, a subject or any other personal value.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataplane.headers import headers_of
from runtime import cloud_events
from runtime.cloud_events import Headers
from runtime.metrics import TRACE_SPANS
from runtime.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka import Message
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Span, Tracer

PARENT = "traceparent"


class Hop:
    """One hop of a traced event: a span, and what the records that follow from it carry. End it exactly once."""

    __slots__ = ("_span", "headers")

    def __init__(self, span: Span, headers: Headers) -> None:
        self._span = span
        self.headers = headers

    def failed(self, reason: str) -> None:
        """The record was put aside; `reason` is its kind ("unreadable"), without a value of the record."""
        from opentelemetry.trace import Status, StatusCode

        self._span.set_attribute("error.type", reason)
        self._span.set_status(Status(StatusCode.ERROR, reason))

    def note(self, name: str, value: str | bool | int | Sequence[str]) -> None:
        """An attribute; nothing that says who somebody is."""
        self._span.set_attribute(name, value)

    def end(self) -> None:
        """The hop is done."""
        self._span.end()


class Traces:
    """What one process traces. Made by `traces_of`; `ratio` of all events are chosen, by their ids."""

    def __init__(self, tracer: Tracer, ratio: float) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()
        # A chosen id is below: ids are name-based UUIDs in lower case, their first digits as good as random.
        self.below = f"{round(ratio * 2**32):08x}" if ratio < 1 else "g"

    def chosen(self, event_id: str) -> bool:
        """Whether the event of this id (a UUID in lower case) is traced: everywhere or nowhere."""
        return event_id < self.below

    def sending(self, topic: str, event_id: str, event_type: str) -> Hop:
        """The beginning of a chosen event's trace, at the door. `topic` as on the cluster."""
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind

        about = {
            "messaging.operation.type": "send",
            "messaging.message.id": event_id,
            "cloudevents.event_id": event_id,
            "cloudevents.event_type": event_type,
        }
        # An empty context: nothing that runs around us is the parent, or a request would be one of a thousand events.
        return self._hop("send", topic, SpanKind.PRODUCER, Context(), about, (), time.time_ns())

    def of(self, records: Iterable[Message], began: int, about: Mapping[str, Any]) -> Hop | None:
        """One hop of what `records` of one topic, in the order of their offsets, bring about together; None if none of
        them is traced, which costs a look at the headers of each. The newest one is the parent, the others are links.

        `began` in ns since 1970; `about`: further attributes, such as the reader's group.
        """
        traced = [(record, context) for record in records if (context := self._context(record)) is not None]
        if not traced:
            return None
        from opentelemetry.trace import SpanKind, get_current_span

        newest, parent = traced[-1]
        links = [(get_current_span(other).get_span_context(), _place(record)) for record, other in traced[:-1]]
        event_ids = [event_id for record, _ in traced if (event_id := event_id_of(record))]
        attributes: dict[str, Any] = {"messaging.operation.type": "process", **_place(newest), **about}
        if event_ids:
            attributes |= {"messaging.message.id": event_ids[-1], "cloudevents.event_id": event_ids[-1]}
        if links:
            attributes["messaging.batch.message_count"] = len(traced)
        return self._hop("process", newest.topic() or "", SpanKind.CONSUMER, parent, attributes, links, began)

    def _context(self, record: Message) -> Context | None:
        headers = headers_of(record)
        if not headers:
            return None
        from opentelemetry.trace import get_current_span

        texts = {name: _text(value) for name, value in headers if name in (PARENT, "tracestate")}
        if PARENT not in texts:
            return None
        context = self._propagator.extract(texts)
        span = get_current_span(context).get_span_context()
        return context if span.is_valid and span.trace_flags.sampled else None

    def _hop(
        self,
        operation: str,
        topic: str,
        kind: Any,
        context: Context,
        about: Mapping[str, Any],
        links: Sequence[tuple[Any, Mapping[str, Any]]],
        began: int,
    ) -> Hop:
        from opentelemetry.trace import Link, set_span_in_context

        span = self._tracer.start_span(
            f"{operation} {topic}",
            context,
            kind,
            {
                "messaging.system": "kafka",
                "messaging.operation.name": operation,
                "messaging.destination.name": topic,
                **about,
            },
            [Link(other, place) for other, place in links],
            began,
        )
        carried: dict[str, str] = {}
        self._propagator.inject(carried, set_span_in_context(span, context))
        return Hop(span, [*carried.items()])


def trace_id_of(record: Message) -> str | None:
    """The trace that a record belongs to, for a log line about it."""
    parts = _header(record, PARENT).split("-")
    return parts[1] if len(parts) == 4 else None


def event_id_of(record: Message) -> str | None:
    """The id of the event that a record is, for a log line about it; None for what is no event."""
    return _header(record, cloud_events.ID) or None


def traces_of(settings: Settings, process: str) -> Traces | None:
    """What the process of this name traces. None: no exporter is set, or nothing is to be chosen."""
    if not settings.trace_sample or not (settings.otlp_endpoint or settings.trace_file):
        return None
    secret = settings.otlp_authorization
    login = secret.get_secret_value() if secret else None
    return _made(settings.otlp_endpoint, login, settings.trace_file, settings.trace_sample, process)


def file_of(file: Path, process: str) -> Path:
    """Where a process writes: `traces.jsonl` → `traces.stage-resident.jsonl`."""
    return file.with_name(f"{file.stem}.{process}{file.suffix}")


@lru_cache(maxsize=8)
def _made(endpoint: str | None, login: str | None, file: Path | None, ratio: float, process: str) -> Traces:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        ConsoleSpanExporter,
        SimpleSpanProcessor,
        SpanExporter,
        SpanExportResult,
    )
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased

    class Counted(SpanExporter):
        """Counts what became of the spans: an exporter only logs it."""

        def __init__(self, behind: SpanExporter) -> None:
            self._behind = behind

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            done = self._behind.export(spans)
            TRACE_SPANS.labels("exported" if done is SpanExportResult.SUCCESS else "failed").inc(len(spans))
            return done

        def shutdown(self) -> None:
            self._behind.shutdown()

    named = Resource(
        {"service.namespace": "citygrid", "service.name": process, "service.instance.id": str(os.getpid())}
    )
    provider = TracerProvider(sampler=ParentBased(ALWAYS_ON), resource=named)  # ends with the process: sends the rest
    if endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        headers = {"authorization": login} if login else None
        to = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", headers=headers, timeout=10)
        provider.add_span_processor(BatchSpanProcessor(Counted(to)))
    if file:
        where = file_of(file, process)
        where.parent.mkdir(parents=True, exist_ok=True)
        lines = os.fdopen(os.open(where, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8")
        to_file = ConsoleSpanExporter(out=lines, formatter=lambda span: span.to_json(indent=None) + "\n")
        provider.add_span_processor(SimpleSpanProcessor(Counted(to_file)))
    return Traces(provider.get_tracer("citygrid"), ratio)


def _place(record: Message) -> dict[str, Any]:
    return {"messaging.destination.partition.id": str(record.partition()), "messaging.kafka.offset": record.offset()}


def _header(record: Message, name: str) -> str:
    return next((_text(value) for header, value in headers_of(record) if header == name), "")


def _text(value: Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
