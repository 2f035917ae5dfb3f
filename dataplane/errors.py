"""What can go wrong in the data plane. Each of these ends the process with nothing of the open transaction visible."""


class DataPlaneError(Exception):
    """Ends the worker; a supervisor starts it again from the last commit."""


class TransactionFailed(DataPlaneError):
    """A transaction could not be committed. Nothing of it will be read; the records are read again after a restart."""


class DeliveryFailed(DataPlaneError):
    """The broker or librdkafka refused a record that was produced in the open transaction."""


class PartitionsLost(DataPlaneError):
    """The group gave partitions away (this worker was silent for a session) while work on them was not committed."""


class RestoreFailed(DataPlaneError):
    """Rows could not be restored: the row topic or the committed offsets could not be read in time."""


class RecordsGone(DataPlaneError):
    """Input records were deleted by retention before they were read."""


class Misplaced(DataPlaneError):
    """The data plane was used outside of what it can keep its promises for; the text says what to do instead."""
