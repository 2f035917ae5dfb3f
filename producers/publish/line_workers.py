"""The lines of a large file, checked and encoded by several processes and given back in the order of the file.

Most of a publisher's time goes into reading and checking what the lines say. Each process takes a block of lines from
the spool (`line_spool.py`) and gives back events that are ready to send; the publisher itself sends them.
"""

from __future__ import annotations

import marshal
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import islice
from typing import NamedTuple

from producers.publish.checked_lines import Bad, LineCheck
from producers.publish.columns import Department, Export
from producers.publish.encoding import Encoded, Encoding
from producers.publish.export_lines import ExportFile
from producers.publish.line_spool import lines_of
from producers.publish.publisher import Publisher, PublishRefused
from producers.publish.quick_lines import QuickLines
from producers.publish.statement import Ready, Statement
from producers.tables.rows import Line
from runtime.discover import discover
from runtime.settings import Settings
from wire.contracts import Contract, contracts
from wire.pseudonym import Pseudonyms

#: Bytes of a file from which on the start of the processes is worth it.
LARGE = 16_000_000
MOST = 4
#: Blocks that wait for a process, so that none is idle and memory does not grow with the file.
WAITING = 2


class Job(NamedTuple):
    """What a process must know: whose file it is, which exports its columns fit (by their titles), when it was first
    published, and the registry's ids of their schemas by topic."""

    settings: Settings
    department: str
    exports: tuple[str, ...]
    first_seen: int | None
    schema_ids: Mapping[str, int]


def processes_for(file: ExportFile) -> int:
    """How many processes are worth it for a file; 0: its publisher does everything itself."""
    cores = os.cpu_count() or 1
    if cores == 1 or file.size < LARGE or file.format in ("json", "jsonl"):
        return 0
    return min(cores, MOST)


def checked_lines(
    file: ExportFile, department: Department, publisher: Publisher, first_seen: int | None, processes: int
) -> Iterator[Bad | list[Encoded]]:
    """Every line of the file in its order: why it is rejected, or its events. Raises ExportUnknown, FileRefused,
    PublishRefused."""
    exports = file.exports(department)
    ids = publisher.schema_ids({export.topic for export in exports})
    job = Job(publisher.settings, department.name, tuple(export.title for export in exports), first_seen, ids)
    # a new process and not a copy of this one, whose threads (Kafka's, the terminal's) would not be in it
    new = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, new, _begin, (job,))
    try:
        for _ in range(processes):
            pool.submit(_ready)  # they start while the file is read
        blocks = file.blocks(department)
        pending: deque[Future[bytes]] = deque()
        while True:
            pending += (pool.submit(_checked, block) for block in islice(blocks, WAITING * processes - len(pending)))
            if not pending:
                break
            for line in marshal.loads(pending.popleft().result()):  # noqa: S302 (a process of ours wrote it)
                if isinstance(line, list):
                    yield line  # of plain tuples, which are what Encoded names
                else:
                    bad = Bad._make(line)
                    yield bad._replace(place=file.place(int(bad.place)))
    except BrokenProcessPool:
        raise PublishRefused(
            "A process that checks the file's lines ended before it was done (is there too little memory?). Publish "
            "the file again: nothing doubles."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker:
    """One of the processes: the department, and how its topics are encoded."""

    def __init__(self, job: Job) -> None:
        department = discover("producers.departments", "DEPARTMENT", Department)[job.department]
        pseudonyms = Pseudonyms.of(job.settings)
        known = contracts()
        self._topics = {
            topic: Encoding(known[topic], pseudonyms, schema_id) for topic, schema_id in job.schema_ids.items()
        }
        exports = [export for export in department.exports if export.title in job.exports]
        self._now = 0
        self._check = LineCheck(department, exports, self._checked, job.first_seen)
        self._quick: dict[tuple[str, ...], QuickLines | None] = {}
        only = exports[0] if len(exports) == 1 else None
        self._made_quick = partial(_quick, only, known=known, pseudonyms=pseudonyms, job=job)

    def checked(self, block: bytes, now: int) -> bytes:
        """A block of the spool → marshalled: a list of events for a good line, a tuple (`Bad`) for one that is not."""
        self._now = now
        results: list[list[tuple[object, ...]] | tuple[object, ...]] = []
        quick: QuickLines | None = None
        header: object = None
        for read in lines_of(block):
            if type(read) is Line:
                if read.header is not header:  # once a block: its lines share it
                    header, quick = read.header, self._quick_for(tuple(read.header))
                events = quick(read.number, read.cells, now) if quick else None
                if events is not None:
                    results.append(list(map(tuple, events)))
                    continue
            line = self._check(read)
            if isinstance(line, Bad):
                results.append(tuple(line))
            else:
                results.append([tuple(self._topics[topic].event(ready)) for topic, ready in line.events])
        return marshal.dumps(results)

    def _quick_for(self, header: tuple[str, ...]) -> QuickLines | None:
        if header not in self._quick:
            self._quick[header] = self._made_quick(header)
        return self._quick[header]

    def _checked(self, topic: str, statement: Statement) -> Ready:
        return self._topics[topic].checked.ready(statement, self._now)


def _quick(
    export: Export | None,
    header: tuple[str, ...],
    known: Mapping[str, Contract],
    pseudonyms: Pseudonyms,
    job: Job,
) -> QuickLines | None:
    """None of a file of several tables: which export a line is of is found out the long way."""
    if export is None:
        return None
    contract, schema_id = known[export.topic], job.schema_ids[export.topic]
    return QuickLines(export, header, contract, pseudonyms, schema_id, job.first_seen)


_worker: _Worker | None = None


def _begin(job: Job) -> None:
    """The start of a process: Ctrl-C is its parent's business, and it ends with its parent however that ends."""
    global _worker  # noqa: PLW0603 (the pool's way to give each process its state)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = _Worker(job)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _ready() -> None:
    """Nothing: a process was started for it."""


def _checked(block: bytes) -> bytes:
    if _worker is None:
        raise RuntimeError("a process that was not begun")
    return _worker.checked(block, time.time_ns() // 1000)
