"""`python -m tests.integration.database.walks --seeds N` walks N times over the case's life (`walk.py`), on a
PostgreSQL of its own; `--seed S` repeats one. It says what was wrong, with its seed."""

from __future__ import annotations

import argparse
import logging
import secrets
import sys
import tempfile
from collections import Counter
from pathlib import Path

import psycopg
import structlog
from psycopg.rows import dict_row

from local.stack import downloads
from local.stack.local import LocalStack, Ports, stop
from runtime.settings import Settings
from tests.conftest import copied, migrated
from tests.integration.database.walk import Walk
from tests.integration.database.walk_history import History
from tests.integration.database.world import World


def walk(world: World, seed: int, did: Counter[str] | None = None) -> list[str]:
    """Walk once through an empty city; what was wrong afterwards. `did`: counts what was answered."""
    one = Walk(world, seed)
    try:
        one.run()
    except ExceptionGroup as errors:
        return [f"{type(error).__name__}: {error}" for error in errors.exceptions]
    said = [answer for person in one.people for answer in person.said]
    if did is not None:
        did.update(("accepted" if answer.accepted else "refused") for answer in said)
        did.update(answer.kept.kept_as for answer in said if answer.kept)
    with world.looking() as admin:
        return History(admin).faults(said, sum(person.released for person in one.people))


def main() -> int:
    """Walk with many seeds; the exit code."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--seed", type=int, help="this one only, or the first")
    given = parser.parse_args()
    first = secrets.randbelow(1_000_000_000) if given.seed is None else given.seed
    count = given.seeds if given.seed is None or "--seeds" in sys.argv else 1
    did: Counter[str] = Counter()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        server = LocalStack(Path(folder), Ports.free(), downloads.folder(Settings().downloads_dir))
        children = server.start(["postgres"])
        try:
            with migrated(server) as template:
                for seed in range(first, first + count):
                    faults = _walk(server, template, seed, did)
                    wrong += bool(faults)
                    for fault in faults[:20]:
                        print(f"seed {seed}: {fault}", flush=True)
        finally:
            stop(children)
    print(f"{count} walks, {wrong} went wrong; {dict(sorted(did.items()))}")
    return min(wrong, 1)


def _walk(server: LocalStack, template: str, seed: int, did: Counter[str]) -> list[str]:
    with (
        copied(server, template) as database,
        psycopg.connect(database.admin, autocommit=True, row_factory=dict_row) as admin,
    ):
        world = World(database, admin)
        try:
            return walk(world, seed, did)
        finally:
            world.close()


if __name__ == "__main__":
    sys.exit(main())
