"""What the API counts; declared in `runtime/metrics.py`. Tasks and open alerts are counted by the sinks."""

from runtime.metrics import (
    ALERT_TO_ACKNOWLEDGED_SECONDS,
    LOGINS,
    OPEN_STREAMS,
    REQUEST_SECONDS,
)
from runtime.metrics import API_REGISTRY as REGISTRY

__all__ = ["ALERT_TO_ACKNOWLEDGED_SECONDS", "LOGINS", "OPEN_STREAMS", "REGISTRY", "REQUEST_SECONDS"]
