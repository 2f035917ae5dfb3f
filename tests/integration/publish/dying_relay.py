"""The relay as a process that dies at a chosen line: reads numbers from standard input, and for each forks a relay that
kills itself before the so-manyth line of `relay_once`; prints `killed` or, if there are not that many, `done`."""

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg

from producers.outbox.relay import of_department, relay_once
from producers.publish import Publisher
from runtime.settings import Settings


def relay(settings: Settings, dsn: str, last: int) -> None:
    left = last

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code is not relay_once.__code__:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    with psycopg.connect(dsn, autocommit=True) as connection, Publisher(settings) as publisher:
        sys.settrace(trace)
        relay_once(connection, publisher, of_department("police"))
        sys.settrace(None)


def main() -> None:
    settings, dsn = Settings.model_validate(json.loads(Path(sys.argv[1]).read_text())), sys.argv[2]
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            relay(settings, dsn, int(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else "done" if status == 0 else f"failed {status}", flush=True)


if __name__ == "__main__":
    main()
