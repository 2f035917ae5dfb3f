"""Every metric of citygrid's own processes, declared once: name, type, labels, meaning. docs/metrics.md is made of it.

The data plane's own (`rdkafka_…`) are in `dataplane/metrics.py`. Base units: seconds, records, rows; `_total`
counts since the process began. No label says who somebody is or where he lives. A process shows only what its room
uses, since series appear with their first labels. All are observed once a batch, never once an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True)
class Declared:
    """What describes a metric. A histogram has `_bucket`, `_count` and `_sum` behind its name."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str


DECLARED: dict[str, Declared] = {}
API_REGISTRY = CollectorRegistry()
"""The API serves its own metrics only: what its libraries add to the default registry says nothing about the city."""
ProcessCollector(registry=API_REGISTRY)  # when it began, its memory and time: as every process has them

_ROW_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_WORK_SECONDS = (10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600, 3 * 24 * 3600)


def _declare(name: str, kind: Kind, meaning: str, labels: Sequence[str]) -> None:
    if name in DECLARED:
        raise ValueError(f"the metric {name} is declared twice in runtime/metrics.py; rename one")
    DECLARED[name] = Declared(name, kind, tuple(labels), meaning)


def _counter(name: str, meaning: str, labels: Sequence[str] = (), registry: CollectorRegistry | None = None) -> Counter:
    _declare(name, "counter", meaning, labels)
    return Counter(name, meaning, labels, registry=registry) if registry else Counter(name, meaning, labels)


def _gauge(name: str, meaning: str, labels: Sequence[str] = (), registry: CollectorRegistry | None = None) -> Gauge:
    _declare(name, "gauge", meaning, labels)
    return Gauge(name, meaning, labels, registry=registry) if registry else Gauge(name, meaning, labels)


def show(gauge: Gauge, values: Mapping[tuple[str, ...], float]) -> None:
    """Make these the gauge's only series, by their label values in order.

    A scrape in between sees an old series or a new one, never a gap: `Gauge.clear` first would tell Prometheus for a
    moment that nothing is open.
    """
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
    shown = {tuple(sample.labels.values()) for metric in gauge.collect() for sample in metric.samples}
    for labels in shown - values.keys():
        gauge.remove(*labels)


def _histogram(
    name: str,
    meaning: str,
    labels: Sequence[str],
    buckets: Sequence[float],
    registry: CollectorRegistry | None = None,
) -> Histogram:
    _declare(name, "histogram", meaning, labels)
    if registry:
        return Histogram(name, meaning, labels, buckets=buckets, registry=registry)
    return Histogram(name, meaning, labels, buckets=buckets)


# -- stages

EVENT_TO_ROW_SECONDS = _histogram(
    "citygrid_event_to_row_seconds",
    "From the broker's time of a batch's oldest record to its row being put into the transaction.",
    ["view"],
    _ROW_SECONDS,
)
EVENT_TO_ALERT_SECONDS = _histogram(
    "citygrid_event_to_alert_seconds",
    "As citygrid_event_to_row_seconds, of batches that changed a finding.",
    ["view"],
    _ROW_SECONDS,
)
REFUSED_ROWS = _counter(
    "citygrid_refused_rows_total",
    "Rows that stay as they were because a turn of the clock would make them too large for their topic.",
    ["view"],
)
LARGE_ROWS = _gauge(
    "citygrid_large_rows",
    "Rows that this worker holds and that have reached 80 % of what their topic takes: what is stated beyond it is put "
    "aside.",
    ["view"],
)
UNJUDGED_ROWS = _counter(
    "citygrid_unjudged_rows_total",
    "Times that a rule or a view raised while a subject was judged: the subject is unknown until it is judged again.",
    ["view"],
)
FINDINGS = _counter(
    "citygrid_findings_total", "Findings opened, changed, resolved, held back or unknown.", ["rule", "state"]
)
NEWEST_EVENT = _gauge(
    "citygrid_newest_event_timestamp_seconds",
    "When the department wrote down the newest event of the topic's partition that this worker has folded.",
    ["topic", "partition"],
)

# -- sinks

SINK_RECORDS = _counter(
    "citygrid_sink_records_total", "Records read and committed, dead letters included.", ["sink", "topic"]
)
SINK_ROWS = _counter("citygrid_sink_rows_total", "Rows written to PostgreSQL and committed.", ["sink"])
SINK_BATCH_SECONDS = _histogram(
    "citygrid_sink_batch_seconds", "From the begin to the commit of a batch's transaction.", ["sink"], _ROW_SECONDS
)
SINK_EVENT_TO_ROW_SECONDS = _histogram(
    "citygrid_sink_event_to_row_seconds",
    "From the timestamp of a batch's oldest record on its topic to its commit in PostgreSQL; once a batch.",
    ["sink"],
    _ROW_SECONDS,
)
SINK_LAG = _gauge(
    "citygrid_sink_lag_records",
    "End of the partition on the broker minus what is committed in PostgreSQL; asked from the broker.",
    ["sink", "topic", "partition"],
)
SINK_DEAD_LETTERS = _counter("citygrid_sink_dead_letters_total", "Records sent to the dead letters.", ["sink", "topic"])
SINK_READY = _gauge("citygrid_sink_ready", "1 while all that it writes to answers and it has partitions.", ["sink"])
LAST_EVENT = _gauge(
    "citygrid_last_event_timestamp_seconds",
    "When the newest event of a department's topic reached Kafka; asked from the broker. Its age is the freshness.",
    ["department", "topic"],
)
FRESHNESS_LIMIT = _gauge(
    "citygrid_freshness_limit_seconds",
    "How old a department's newest event may be before the topic counts as stale.",
    ["department", "topic"],
)
OPEN_ALERTS = _gauge("citygrid_open_alerts", "Findings that are open, city-wide.", ["rule", "severity"])
TASKS = _gauge("citygrid_tasks", "Tasks that are not finished, by their state, city-wide.", ["state"])
OVERDUE_TASKS = _gauge(
    "citygrid_overdue_tasks", "Tasks that nobody has completed by their time, suspended ones excepted.", ["severity"]
)
OVERDUE_QUESTIONS = _gauge(
    "citygrid_overdue_questions",
    "Questions of the door and of command centres that the department has not answered in its time.",
    ["department"],
)
WAITING_TASKS = _gauge(
    "citygrid_waiting_tasks",
    "Tasks that nobody has acknowledged yet, by whose business they are (`sos`, `doctor`, `housing` …).",
    ["domain", "severity"],
)
OLDEST_WAITING_TASK = _gauge(
    "citygrid_oldest_waiting_task_seconds",
    "Age of the oldest task that nobody has acknowledged yet; 0 if there is none.",
    ["domain"],
)
URGENT_EVENT_TO_TASK_SECONDS = _histogram(
    "citygrid_urgent_event_to_task_seconds",
    "From when the newest event behind an urgent finding happened (a button is pressed) to its task in PostgreSQL.",
    ["domain"],
    (0.5, 1, 2, 3, 5, 10, 20, 30, 60, 300, 3600, 24 * 3600),
)

CALLS_WAITING = _gauge(
    "citygrid_calls_waiting",
    "Calls for help that nobody has acknowledged, by who was told: `nobody`, `worker`, or the `desk` too.",
    ["told"],
)
CALL_LATE_SECONDS = _histogram(
    "citygrid_call_told_late_seconds",
    "From when the next was to be told of a call for help to their being told.",
    [],
    (0.25, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
CALL_ACKNOWLEDGED_SECONDS = _histogram(
    "citygrid_call_acknowledged_seconds",
    "From a call for help coming into its queue to its acknowledgement.",
    [],
    (5, 10, 20, 30, 60, 120, 180, 300, 600, 1800, 3600),
)
PUSHES = _counter(
    "citygrid_pushes_total",
    "Messages of Web Push by kind (`call`, `over`) and what became of them: `sent` (the service has it), `gone` (the "
    "browser gave its subscription up), `failed`.",
    ["kind", "outcome"],
)

# -- the clock and the outbox

LOOKS_SEALED = _counter("citygrid_looks_sealed_total", "Looks of people at people that are in the chain of hashes.")
LOOKS_SEALED_AT = _gauge(
    "citygrid_looks_sealed_timestamp_seconds", "When the chain of looks was last brought up to date."
)

FORGOTTEN = _counter(
    "citygrid_forgotten_total",
    "What PostgreSQL has forgotten, by the names of `city.kept`: lines of the feed, statements of the outbox, cases.",
    ["what"],
)
RETENTION_AT = _gauge(
    "citygrid_retention_timestamp_seconds",
    "When the process `retention` last came to the end of its `work`: nothing in PostgreSQL is too old (`forgotten`), "
    "every row was looked at (`counted`).",
    ["work"],
)
OLDEST_TRANSACTION = _gauge(
    "citygrid_oldest_transaction_seconds",
    "For how long the oldest transaction of a client of the PostgreSQL server has been open: in the city's database "
    "(`city`), in any other one (`other`); 0: there is none.",
    ["database"],
)
OVERDUE_RECORDS = _gauge(
    "citygrid_overdue_records",
    "Statements of what lasts that ended longer ago than their contract's `retention` allows: they wait for the "
    "compaction of whole subjects.",
    ["topic"],
)

CLOCK_TICKS = _counter("citygrid_clock_ticks_total", "Clock records that Kafka has.")
CLOCK_LAST_TICK = _gauge("citygrid_clock_last_tick_timestamp_seconds", "The newest time that Kafka has.")
CLOCK_JUMP = _gauge(
    "citygrid_clock_jump_seconds",
    "By how much the machine's clock is ahead of the last tick and of the broker's time, or (negative) behind the last "
    "tick; 0 while it is believed.",
)
HOLIDAYS_KNOWN_UNTIL = _gauge(
    "citygrid_holidays_known_until_timestamp_seconds",
    "The end of the last year whose public holidays the clock knows: after it offices count as open on every day.",
)
QUIET_TOPICS = _gauge(
    "citygrid_quiet_topics",
    "Departments' topics that the clock names quiet: no event within their contract's limit, or none ever.",
)
OUTBOX_PUBLISHED = _counter(
    "citygrid_outbox_published_total", "Statements of the database's own people that Kafka has."
)
OUTBOX_REFUSED = _counter(
    "citygrid_outbox_refused_total", "Statements that break their contract and stay in the outbox."
)
OUTBOX_WAITING = _gauge("citygrid_outbox_waiting", "Statements not yet in Kafka, when last looked.")

# -- the doors of departments and devices

GATEWAY_REQUEST_SECONDS = _histogram(
    "citygrid_gateway_request_seconds",
    "From a request's arrival at the departments' door to the end of its answer.",
    ["method", "route", "status"],
    _REQUEST_SECONDS,
)
GATEWAY_STATEMENTS = _counter(
    "citygrid_gateway_statements_total", "Statements of departments that came by HTTP and that Kafka has.", ["topic"]
)
KEY_DAY_SHARE = _gauge(
    "citygrid_gateway_key_day_ratio",
    "Of the identity numbers that a department's key may state in a day, the share that it has stated today.",
    ["department", "key_id"],
)
KEY_QUOTA_REFUSED = _counter(
    "citygrid_gateway_quota_refused_total",
    "Batches that were refused because the key's identity numbers of the day are used up.",
    ["department"],
)
DEVICE_MESSAGES = _counter(
    "citygrid_device_messages_total",
    "Messages of devices, by their way in (http, mqtt) and what became of them: accepted, or why they were refused.",
    ["door", "department", "outcome"],
)

# -- readers, as the broker sees them: asked by the clock's process, also of those that say nothing any more

READER_POSITION = _gauge(
    "citygrid_reader_position_offset",
    "Where a stage or sink goes on, by what the broker has committed. Its name is that in `citygrid status`.",
    ["reader", "topic", "partition"],
)
READER_LAG = _gauge(
    "citygrid_reader_lag_records",
    "End of the partition for readers minus the reader's position; 0 if only marks of transactions lie between.",
    ["reader", "topic", "partition"],
)
TOPIC_END = _gauge(
    "citygrid_topic_end_offset", "Up to where readers may read: the last stable offset.", ["topic", "partition"]
)
TOPIC_UNDECIDED = _gauge(
    "citygrid_topic_undecided_records",
    "Records that no reader is given before a transaction is committed or aborted.",
    ["topic", "partition"],
)
READERS_ASKED = _gauge(
    "citygrid_readers_asked_timestamp_seconds", "When the broker last answered the question for all readers."
)

# -- traces

TRACE_SPANS = _counter("citygrid_trace_spans_total", "Spans that an exporter took, or did not.", ["outcome"])

# -- the API, on a registry of its own

REQUEST_SECONDS = _histogram(
    "citygrid_api_request_seconds",
    "From a request's arrival to the end of its answer, streams excepted.",
    ["method", "route", "status"],
    _REQUEST_SECONDS,
    API_REGISTRY,
)
OPEN_STREAMS = _gauge("citygrid_api_open_streams", "Live streams (SSE) that are open.", registry=API_REGISTRY)
LOGINS = _counter("citygrid_api_logins_total", "Attempts to log in.", ["outcome"], API_REGISTRY)
ALERT_TO_ACKNOWLEDGED_SECONDS = _histogram(
    "citygrid_alert_to_acknowledged_seconds",
    "From a finding's opening to the first acknowledgement of its task.",
    [],
    _WORK_SECONDS,
    API_REGISTRY,
)
