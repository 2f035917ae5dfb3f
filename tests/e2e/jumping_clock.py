"""The city's clock on a machine whose time jumps: `python -m tests.e2e.jumping_clock FILE` is the process `clock`, and
adds the seconds that stand in FILE to the machine's time."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from processes import clock


def main(ahead: Path) -> int:
    right = time.time_ns
    time.time_ns = lambda: right() + int(ahead.read_text() or "0") * 1_000_000_000
    return clock.main()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
