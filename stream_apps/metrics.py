"""What a stage counts besides the data plane's own metrics. Observed once a batch, never once an event."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

EVENT_TO_ROW = Histogram(
    "citygrid_event_to_row_seconds",
    "From the broker's time of a batch's oldest record to its row being put into the transaction.",
    ["view"],
    buckets=_SECONDS,
)
EVENT_TO_ALERT = Histogram(
    "citygrid_event_to_alert_seconds", "As event_to_row, of batches that changed a finding.", ["view"], buckets=_SECONDS
)
FINDINGS = Counter("citygrid_findings_total", "Findings opened, changed, resolved or held back.", ["rule", "state"])
NEWEST_EVENT = Gauge(
    "citygrid_newest_event_timestamp_seconds",
    "When the department wrote down the newest event of the topic's partition that was folded.",
    ["topic", "partition"],
)
