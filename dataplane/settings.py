"""What can be set on the data plane. Nothing here is read from the environment: the caller decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


def restore_group(app_id: str) -> str:
    """The group as which an app's rows are restored: it is never joined, and nothing is committed for it. A broker that
    grants rights must grant it with the app's own."""
    return f"{app_id}-restore"


@dataclass(frozen=True, kw_only=True)
class DataPlaneSettings:
    """Settings of one worker process. Times say their unit in their name.

    Raises ValueError, naming the setting, when values cannot work together.
    """

    #: Stable name of this worker's slot ("resident-0"). It ends the transactional id, so that a restarted worker
    #: aborts what its killed predecessor left open at once instead of waiting for `transaction_timeout_ms`.
    #: Two living processes must never share it: they would fence each other. None: a fresh random name.
    instance: str | None = None

    #: "consumer" is KIP-848 (brokers from 4.0); "classic" is the old protocol with eager range assignment.
    group_protocol: Literal["consumer", "classic"] = "consumer"
    #: Join as the static member `instance`. A killed static member is refused until its session ends.
    static_membership: bool = False
    #: Session and heartbeat. Under KIP-848 they are settings of the *group*: None leaves them to the broker, a number
    #: is set on the group at start (the broker refuses a session below its `group.consumer.min.session.timeout.ms`).
    session_timeout_ms: int | None = None
    heartbeat_interval_ms: int | None = None
    max_poll_interval_ms: int = 300_000
    #: "error": an input whose unread records were deleted by retention stops the worker. "earliest" goes on.
    auto_offset_reset: Literal["error", "earliest"] = "error"

    #: Most records of one fetch; the next one is made when they are folded. What librdkafka prefetches beyond that is
    #: bounded by its own `queued.max.messages.kbytes`, 32 MB here.
    batch_records: int = 2_000
    #: How long the event loop may be busy with one batch or commit before the partitions are paused and the fetch
    #: thread polls in its place: the group then keeps this member, and a revocation is noticed.
    poll_patience_ms: int = 2_000

    #: A transaction ends after this time or this many records, whichever comes first, and at once when no more
    #: records wait, but not more often than every `idle_commit_ms`.
    commit_interval_ms: int = 100
    commit_every_records: int = 20_000
    #: While the records are older than `backlog_after_s` when they are folded, a transaction may last this long: nobody
    #: waits for them by the 100 ms, and a tenth of the transactions is a tenth of their cost, here and on the broker.
    backlog_commit_interval_ms: int = 1_000
    backlog_after_s: float = 10.0
    idle_commit_ms: int = 10
    #: The broker aborts a transaction that is open for longer; a single batch must be folded well within it.
    transaction_timeout_ms: int = 10_000
    #: How long a record waits for others before it is sent. A commit sends what waits at once, and nobody reads a
    #: record before its commit: waiting costs no time, and fewer requests cost less, here and on the broker.
    linger_ms: int = 100
    compression: str = "lz4"

    #: How long an absent broker is waited for at the start before the process gives up (and is started again by its
    #: supervisor). A commit waits at most `transaction_timeout_ms`: the broker aborts what is older.
    broker_wait_s: float = 60.0
    #: How long `produce` waits for room in the producer's queue.
    produce_wait_s: float = 30.0
    #: How long a revocation waits for the batch in flight.
    revoke_wait_s: float = 30.0
    #: How long a restore may go without coming nearer to its end (a hanging transaction is waited for, too).
    restore_wait_s: float = 120.0

    #: `/live` says no when a batch or a commit takes longer, or the event loop or the fetch thread is silent for
    #: longer.
    stuck_after_s: float = 60.0
    silent_after_s: float = 15.0
    #: After a failure the process is ended by force when it has not ended by itself within this time.
    exit_grace_s: float = 5.0
    lag_every_s: float = 5.0

    #: Port of /metrics, /live and /ready; 0 takes a free one, None serves none. Loopback unless set otherwise.
    http_port: int | None = None
    http_host: str = "127.0.0.1"

    dead_letter_topic: str | None = None
    parked_topic: str | None = None

    #: librdkafka's security properties (`security.protocol`, `sasl.*`, `ssl.*`), given to every client.
    security: Mapping[str, Any] = field(default_factory=dict)
    #: Further librdkafka properties; they win over what the data plane sets.
    consumer_options: Mapping[str, Any] = field(default_factory=dict)
    producer_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.static_membership and not self.instance:
            raise ValueError("static_membership needs `instance`: a stable name of this worker, e.g. 'resident-0'")
        for interval in ("commit_interval_ms", "backlog_commit_interval_ms"):
            if getattr(self, interval) * 2 > self.transaction_timeout_ms:
                raise ValueError(f"{interval} must be at most half of transaction_timeout_ms; lower it")
        for name in ("batch_records", "commit_every_records"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
