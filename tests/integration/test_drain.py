"""What the bench of the city join counts of a system that starts processes of its own; none of them is left over."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from bench.drain import Family

BUSY = "import time\nuntil = time.process_time() + 0.4\nwhile time.process_time() < until: pass\ntime.sleep(600)"
ORPHAN = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {BUSY!r}]).pid, flush=True)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"


@contextmanager
def family_of(code: str) -> Iterator[tuple[Family, subprocess.Popen[bytes]]]:
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True) as child:
        family = Family([child])
        try:
            yield family, child
        finally:
            family.stop()


def test_a_process_that_outlives_what_started_it_is_counted_and_ended() -> None:
    with family_of(ORPHAN) as (family, child):
        assert child.stdout
        orphan = psutil.Process(int(child.stdout.readline()))
        child.wait()
        until = time.monotonic() + 20
        while family.look()[0] < 0.3 and time.monotonic() < until:
            time.sleep(0.05)
        spent, held = family.look()
        assert spent >= 0.3
        assert held > 1
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE


def test_processor_time_of_a_process_that_has_ended_still_counts() -> None:
    with family_of(BUSY) as (family, child):
        until = time.monotonic() + 20
        while family.look()[0] < 0.3 and time.monotonic() < until:
            time.sleep(0.05)
        child.kill()
        child.wait()
        assert family.look()[0] >= 0.3


def test_a_process_that_does_not_end_when_asked_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.drain.END_S", 0.5)
    with family_of(STUBBORN) as (family, child):
        assert child.stdout
        child.stdout.readline()
        family.stop()
        assert child.returncode == -9
