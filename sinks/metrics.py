"""What the sinks count; declared, with their meaning, in `runtime/metrics.py`."""

from runtime.metrics import FRESHNESS_LIMIT, LAST_EVENT, OPEN_ALERTS, OVERDUE_TASKS, TASKS
from runtime.metrics import SINK_BATCH_SECONDS as BATCH_SECONDS
from runtime.metrics import SINK_DEAD_LETTERS as DEAD_LETTERS
from runtime.metrics import SINK_EVENT_TO_ROW_SECONDS as EVENT_TO_ROW_SECONDS
from runtime.metrics import SINK_LAG as LAG
from runtime.metrics import SINK_READY as READY
from runtime.metrics import SINK_RECORDS as RECORDS
from runtime.metrics import SINK_ROWS as ROWS

__all__ = [
    "BATCH_SECONDS",
    "DEAD_LETTERS",
    "EVENT_TO_ROW_SECONDS",
    "FRESHNESS_LIMIT",
    "LAG",
    "LAST_EVENT",
    "OPEN_ALERTS",
    "OVERDUE_TASKS",
    "READY",
    "RECORDS",
    "ROWS",
    "TASKS",
]
