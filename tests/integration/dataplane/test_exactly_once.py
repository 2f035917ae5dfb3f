"""Law 2: row, output and offsets commit together or not at all, whatever happens to the workers."""

import signal

from tests.integration.dataplane.conftest import KEYS, Counting, wait_for

SLOW = {"slow_s": 0.01}
SMALL = {"batch_records": 100}


def test_every_input_counts_once(counting: Counting) -> None:
    counting.fill(10_000)
    worker = counting.start()
    counting.wait_until_read()
    worker.signal(signal.SIGTERM)
    assert worker.exit_code() == 0
    counting.assert_exact()


def test_a_killed_worker_loses_and_doubles_nothing(counting: Counting) -> None:
    counting.fill(20_000)
    worker = counting.start(SLOW, **SMALL, instance="one")
    wait_for("a third is read", lambda: counting.committed() > 6_000)
    worker.signal(signal.SIGKILL)
    worker.exit_code()
    assert counting.committed() < 20_000, "killed too late to show anything"
    counting.start(instance="one")
    counting.wait_until_read()
    counting.assert_exact()


def test_a_frozen_worker_that_thaws_is_fenced(counting: Counting) -> None:
    counting.fill(20_000)
    frozen = counting.start(SLOW, **SMALL)
    wait_for("a quarter is read", lambda: counting.committed() > 5_000)
    frozen.signal(signal.SIGSTOP)
    assert counting.committed() < 20_000, "frozen too late to show anything"
    second = counting.start()
    second.wait_until_said("ASSIGNED", 60)
    counting.wait_until_read()
    frozen.signal(signal.SIGCONT)
    assert frozen.exit_code() != 0
    counting.fill(1_000)
    counting.wait_until_read()
    counting.assert_exact()


def test_a_partition_that_was_read_whole_is_not_read_again_after_a_pause(counting: Counting) -> None:
    """The worker takes one record and pauses all partitions while it folds it, also those in which nothing is left to
    read: each goes on from where it was (docs/decisions/0026-turn-to-poll.md)."""
    counting.fill(2 * KEYS)
    first = counting.start()
    counting.wait_until_read()
    first.signal(signal.SIGTERM)
    assert first.exit_code() == 0
    counting.fill(KEYS)  # to one of the two topics only
    paused = counting.start({"slow_s": 0.1}, batch_records=1, poll_patience_ms=20)
    counting.wait_until_read()
    assert paused.logged("reading is paused"), "never paused: this shows nothing"
    assert paused.process.poll() is None
    counting.assert_exact()


def test_records_that_change_hands_keep_their_order(counting: Counting) -> None:
    """The thread stands still between giving its turn to the event loop and telling it so. A commit that ends in
    that moment makes the loop fetch: past the thread's records, it would commit them after later ones, so an offset
    that was read already would be the last committed (docs/decisions/0026-turn-to-poll.md)."""
    worker = counting.start({"slow_call_s": 0.2})
    worker.wait_until_said("ASSIGNED")
    counting.fill(600, trickling=True)
    counting.wait_until_read()
    assert worker.process.poll() is None
    counting.assert_exact()


def test_what_comes_again_after_a_start_counts_once(counting: Counting) -> None:
    """Each partition begins at its beginning although its rows are restored up to what was committed."""
    counting.fill(5_000)
    first = counting.start()
    counting.wait_until_read()
    first.signal(signal.SIGTERM)
    assert first.exit_code() == 0
    counting.fill(1_000)
    again = counting.start({"forgets_seek": True})
    counting.wait_until_read()
    assert again.process.poll() is None
    assert again.logged("came again from offset 0"), "nothing came again: this shows nothing"
    counting.assert_exact()


def test_a_second_worker_joins_and_leaves(counting: Counting) -> None:
    counting.fill(30_000)
    first = counting.start(SLOW, **SMALL)
    wait_for("some is read", lambda: counting.committed() > 3_000)
    second = counting.start(SLOW, **SMALL)
    second.wait_until_said("ASSIGNED")
    assert first.logged(r"REVOKED \[[^\]]+\]"), "nothing was moved"
    wait_for("more is read", lambda: counting.committed() > 15_000)
    second.signal(signal.SIGTERM)
    assert second.exit_code() == 0
    counting.wait_until_read()
    assert first.process.poll() is None
    counting.assert_exact()
