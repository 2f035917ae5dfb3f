"""A data plane for Faust over librdkafka: `faust.App(id, broker="rdkafka://host:port")`. See README.md here.

Importing this package registers the transport.
"""

from faust.transport.drivers import TRANSPORTS

from .batch import RecordBatch
from .errors import (
    DataPlaneError,
    DeliveryFailed,
    Misplaced,
    PartitionsLost,
    RecordsGone,
    RestoreFailed,
    TransactionFailed,
)
from .partitioner import partition_of
from .plane import DataPlane
from .rowstore import PartitionRows, RowStore
from .settings import DataPlaneSettings

TRANSPORTS.aliases["rdkafka"] = f"{__name__}.transport:Transport"

__all__ = [
    "DataPlane",
    "DataPlaneError",
    "DataPlaneSettings",
    "DeliveryFailed",
    "Misplaced",
    "PartitionRows",
    "PartitionsLost",
    "RecordBatch",
    "RecordsGone",
    "RestoreFailed",
    "RowStore",
    "TransactionFailed",
    "partition_of",
]
