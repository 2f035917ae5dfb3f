"""One drain of one system, as a process: `python -m bench.one SYSTEM EVENTS PROCESSES`; prints the row as JSON.

The names of the topics come from the environment (`bench/__main__.py` sets them).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from confluent_kafka.admin import AdminClient

from bench import backlog, drain, job, peers


def main() -> None:
    name, events, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    said = backlog.events(events)
    there = AdminClient({"bootstrap.servers": job.BOOTSTRAP}).list_topics(timeout=10).topics
    if job.INPUT_TOPICS[0] not in there:
        backlog.publish(said)
    log = peers.BUILD / "logs" / f"{job.RUN}.log"
    print(json.dumps(asdict(drain.drain(drain.SYSTEMS[name], events, backlog.expected(said), processes, log))))


if __name__ == "__main__":
    main()
