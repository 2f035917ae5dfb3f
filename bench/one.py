"""One drain of one system, as a process: `python -m bench.one SYSTEM EVENTS PROCESSES`; prints the row as JSON.

The names of the topics, and of the file with the result that is right for them, come from the environment
(`bench/__main__.py` sets them). Whichever drain is the first of its backlog makes both.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from confluent_kafka.admin import AdminClient

from bench import backlog, drain, job, peers


def main() -> None:
    name, events, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    there = AdminClient({"bootstrap.servers": job.BOOTSTRAP}).list_topics(timeout=10).topics
    kept = Path(os.environ["BENCH_EXPECTED"])
    if job.INPUT_TOPICS[0] not in there:
        backlog_events = backlog.events(events)
        kept.write_text(json.dumps(backlog.expected(backlog_events)))
        backlog.publish(backlog_events)
        del backlog_events
    log = peers.BUILD / "logs" / f"{job.RUN}.log"
    print(json.dumps(asdict(drain.drain(drain.SYSTEMS[name], events, json.loads(kept.read_text()), processes, log))))


if __name__ == "__main__":
    main()
