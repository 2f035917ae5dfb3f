"""A data plane for Faust over librdkafka: `faust.App(id, broker="rdkafka://host:port")`. See README.md here.

Importing any of the names below registers the transport. They are loaded when they are first asked for: a process that
needs only `dataplane.health` or `dataplane.origin` begins without Faust.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    from .rowstore import PartitionRows, RowStore, Store
    from .settings import DataPlaneSettings, restore_group

_MODULES = ("batch", "errors", "partitioner", "plane", "rowstore", "settings")

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
    "Store",
    "TransactionFailed",
    "partition_of",
    "restore_group",
]


if not TYPE_CHECKING:  # who checks types sees the imports above

    def __getattr__(name: str) -> object:
        """One of `__all__`; the first brings all of them."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from faust.transport.drivers import TRANSPORTS

        TRANSPORTS.aliases["rdkafka"] = f"{__name__}.transport:Transport"
        for module in _MODULES:
            held = vars(import_module(f"{__name__}.{module}"))
            globals().update({exported: held[exported] for exported in __all__ if exported in held})
        return globals()[name]
