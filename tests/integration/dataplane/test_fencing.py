"""Law 2 against zombies: a worker that wakes up after another has done its work may not do it once more.

The worker is held at the one dangerous moment: its batch is folded, its transaction not yet told to the group. Nothing
but the group's own check of the membership stops it there, and the test is made so:

- `linger_ms` is a minute, so the frozen worker's records still lie in its own memory. Were they on the broker, the
  row topic's last stable offset would hold the successor's restore back until the coordinator had aborted the zombie's
  transaction, and it would be the coordinator, not the group, that stopped it.
- Its transaction therefore has not begun on the broker either, so no transaction timeout can run out meanwhile.
- The successor has a transactional id of its own (a random instance), so it does not fence the zombie's producer.
"""

import signal
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.integration.dataplane.conftest import KEYS, Counting, wait_for


@pytest.mark.parametrize("protocol", ["consumer", "classic"])
def test_a_zombies_commit_is_refused_by_the_group(counting: Counting, tmp_path: Path, protocol: str) -> None:
    counting.fill(KEYS)
    let_go = tmp_path / "let-go"
    zombie = counting.start(
        {"hold_commit": str(let_go)}, linger_ms=60_000, transaction_timeout_ms=120_000, group_protocol=protocol
    )
    zombie.wait_until_said("HELD")
    zombie.signal(signal.SIGSTOP)
    assert counting.read("rows", "read_uncommitted") == [], "the zombie's transaction has begun: this shows nothing"
    successor = counting.start(group_protocol=protocol)
    successor.wait_until_said("ASSIGNED")
    counting.wait_until_read()
    let_go.touch()
    zombie.signal(signal.SIGCONT)
    wait_for("the zombie tries to commit", lambda: zombie.logged("(?:REFUSED|COMMITTED).*"))
    assert zombie.exit_code() != 0
    [answer] = zombie.logged("(?:REFUSED|COMMITTED).*")
    assert "REFUSED send_offsets failed" in answer
    counting.fill(KEYS)
    counting.wait_until_read()
    counting.assert_exact()
    assert successor.process.poll() is None


@pytest.mark.parametrize("value", [None, b"forget"], ids=["counted", "nothing but offsets"])
def test_a_commit_that_fails_ends_the_process_and_is_done_again(
    counting: Counting, tmp_path: Path, value: bytes | None
) -> None:
    """Somebody else takes the worker's transactional id while it folds: Kafka refuses its commit. Where rows were never
    there, forgetting them writes nothing: no record's delivery fails then, and only the commit says what happened."""
    counting.fill(KEYS, value)
    let_go = tmp_path / "let-go"
    worker = counting.start({"hold_commit": str(let_go)}, instance="one")
    worker.wait_until_said("HELD")
    other = Producer({"bootstrap.servers": counting.servers, "transactional.id": f"{counting.prefix}-one"})
    other.init_transactions(20)
    let_go.touch()
    assert worker.exit_code() != 0
    assert worker.logged("REFUSED"), worker.log.read_text()[-2000:]
    assert not worker.logged("COMMITTED"), "it went on after a commit that failed"
    assert counting.read("rows") == counting.read("out") == []
    assert counting.committed() == 0
    counting.start(instance="one")
    counting.wait_until_read()
    if value is None:
        counting.assert_exact()
