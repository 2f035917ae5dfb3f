"""One sink's process: `citygrid` starts `main("grid-tasks")`; SIGTERM and SIGINT end it after the batch in hand."""

from __future__ import annotations

import sys
import threading

import structlog

from runtime import topic_reader
from runtime.daemon import serve, stopping_when_asked
from runtime.discover import PluginRefused, discover
from runtime.log import configure
from runtime.settings import Settings, SettingsRefused, load
from sinks.consumer import group_of
from sinks.offsets import Fenced
from sinks.runner import Runner, TopicWentBack
from sinks.sink import Sink
from wire.access import Access, on
from wire.topics import DEAD_LETTERS

log = structlog.get_logger()


def sinks() -> dict[str, Sink]:
    """Every sink by its name. Raises PluginRefused if a file of `sinks/targets/` has no `SINK`, or two share a name."""
    return discover("sinks.targets", "SINK", Sink)


def access(settings: Settings, name: str) -> Access:
    """What the sink `name` does with Kafka."""
    sink = sinks()[name]
    return Access(
        reads=on(settings, sink.topics()),
        writes=on(settings, [DEAD_LETTERS]),
        asks=on(settings, sink.asks()),
        groups=frozenset({group_of(settings, name), topic_reader.group_of(settings)}),
    )


def run(name: str, settings: Settings, stopping: threading.Event) -> None:
    """Run sink `name` until `stopping` is set. Raises PluginRefused for an unknown name, and as `Runner.run`."""
    known = sinks()
    if name not in known:
        raise PluginRefused(f"There is no sink '{name}'; sinks/targets/ has: {', '.join(known)}.")
    runner = Runner(known[name], settings, stopping)
    serve(runner, settings.host, settings.port_of(f"sink-{name}"))


def main(name: str) -> int:
    """The exit code: 0 when asked to end, 1 with a sentence when something is wrong."""
    stopping = stopping_when_asked()
    try:
        settings = load()
        configure(settings, f"sink-{name}")
        run(name, settings, stopping)
    except (PluginRefused, SettingsRefused) as refused:
        print(refused, file=sys.stderr)
        return 1
    except (Fenced, TopicWentBack) as ended:
        log.error("sink_ended", sink=name, why=str(ended))  # noqa: TRY400 - the sentence says all
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
