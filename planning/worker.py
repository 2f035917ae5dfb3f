"""The process that plans: a line of JSON in, a line of JSON out, until its input ends. Only it loads OR-Tools.

In: `{stops: [{key, point, urgency, seconds, due, windows}], shift: {start, seconds}, before: [key], most_moved?}`.
Out: the plan as `planning.stops.plain` writes it, or `{refused: sentence}`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from planning.plan import MOST_MOVED, plan
from planning.stops import Point, Shift, Stop, Window, plain


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The plan that is asked for. Raises ValueError, KeyError or TypeError if the question is none."""
    stops = [
        Stop(
            key=stop["key"],
            point=Point(*stop["point"]) if stop["point"] else None,
            urgency=stop["urgency"],
            seconds=stop["seconds"],
            due=stop["due"],
            windows=tuple(Window(*window) for window in stop["windows"]),
        )
        for stop in question["stops"]
    ]
    start = question["shift"]["start"]
    shift = Shift(Point(*start) if start else None, question["shift"]["seconds"])
    return plain(plan(stops, shift, question["before"], question.get("most_moved", MOST_MOVED)))


def main() -> int:
    from planning import solve  # noqa: F401 - loaded before the first question, not during it

    for line in sys.stdin:
        try:
            answered = answer(json.loads(line))
        except (ValueError, KeyError, TypeError) as wrong:
            answered = {"refused": f"{type(wrong).__name__}: {wrong}"}
        sys.stdout.write(json.dumps(answered) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
