"""Every metric of the data plane: name, type, meaning. Observed per batch, per transaction or per restore, never per
event; all counts are of what was *committed* unless the meaning says otherwise."""

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

EVENTS_IN = Counter("rdkafka_events_in_total", "Records read and committed.", ["topic"])
EVENTS_OUT = Counter("rdkafka_events_out_total", "Records produced and committed, dead letters included.", ["topic"])
BATCH_SECONDS = Histogram(
    "rdkafka_batch_seconds", "From handing a batch to its agents to the last acknowledgement.", ["topic"], buckets=_FAST
)
BATCH_RECORDS = Histogram(
    "rdkafka_batch_records", "Records in a batch.", ["topic"], buckets=(1, 10, 50, 100, 250, 500, 1000, 2000, 5000)
)
COMMIT_SECONDS = Histogram(
    "rdkafka_commit_seconds", "From closing the gate to the committed transaction.", buckets=_FAST
)
TRANSACTIONS = Counter("rdkafka_transactions_total", "Transactions ended.", ["outcome"])  # committed | aborted
RESTORE_SECONDS = Histogram(
    "rdkafka_restore_seconds",
    "From the assignment of partitions to their rows being restored.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
)
RESTORED_RECORDS = Counter("rdkafka_restored_records_total", "Records of row topics read while restoring.", ["topic"])
ROWS = Gauge("rdkafka_rows", "Rows held in memory.", ["topic", "partition"])
LAG = Gauge(
    "rdkafka_lag_records",
    "End of the partition on the broker (last stable offset) minus what this worker has committed; asked from the "
    "broker periodically, also when nothing flows.",
    ["topic", "partition"],
)
LAG_ASKED = Gauge("rdkafka_lag_asked_timestamp_seconds", "When the broker last answered the question for the lag.")
DEAD_LETTERS = Counter("rdkafka_dead_letters_total", "Records sent to the dead-letter topic.", ["topic", "reason"])
PARKED = Counter("rdkafka_parked_total", "Records of kinds not known yet, kept for replay.", ["topic", "reason"])
ASSIGNED = Gauge("rdkafka_assigned_partitions", "Input partitions that flow or are being restored.", ["topic"])
READY = Gauge("rdkafka_ready", "1 when the group is joined and all assigned partitions are restored.")
BUFFERED_RECORDS = Gauge("rdkafka_buffered_records", "Records fetched and not yet acknowledged.")
BUFFERED_BYTES = Gauge("rdkafka_buffered_bytes", "Bytes of values fetched and not yet acknowledged.")
