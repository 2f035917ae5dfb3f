"""One export through `citygrid publish` onto a broker of its own, measured from outside: what `bench/export.py` runs in
this tree and in the one before. Prints one line of JSON.

    python -m bench.export_run FILE
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psutil
from confluent_kafka import Consumer, Message, TopicPartition

from bench.city_stack import City, city_in
from runtime.settings import CHECKOUT

DEPARTMENT, TOPIC = "police", "police.household-registration"
KEY = f"k1 {'5a' * 32}\n"
"""The same in both trees, so that the same people have the same pseudonyms and the same lines the same events."""
LOOK_EVERY_S = 0.1
ASKED_S = 20.0


def main(file: str) -> None:
    with tempfile.TemporaryDirectory(prefix="citygrid-export-") as scratch, city_in(Path(scratch)) as city:
        key_file = Path(scratch) / "bench.key"
        key_file.touch(mode=0o600)
        key_file.write_text(KEY)
        taken = _published(city, Path(file), key_file)
        events, ids = _on_the_topic(city)
        rates = {
            "events_per_s": round(events / taken["seconds"]),
            "cpu_us_per_event": round(taken["cpu_s"] / max(events, 1) * 1e6, 1),
        }
        print(json.dumps({"events": events, "ids": ids, **taken, **rates}))


def _published(city: City, file: Path, key_file: Path) -> dict[str, float]:
    """Seconds from the command's start to its end, its processor time, and the most that it and its processes held."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CITYGRID_")} | {
        "CITYGRID_ENV_FILE": str(city.env_file),
        "CITYGRID_PSEUDONYM_KEY_FILE": str(key_file),
    }
    load, began = psutil.getloadavg()[0], time.monotonic()
    before = os.times()
    command = subprocess.Popen(
        [sys.executable, "-m", "citygrid", "publish", DEPARTMENT, str(file), "--wait", "0"],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = 0.0
    while command.poll() is None:
        peak = max(peak, _resident_mb(command.pid))
        time.sleep(LOOK_EVERY_S)
    seconds, after = time.monotonic() - began, os.times()
    if command.returncode:
        raise SystemExit(f"citygrid publish ended with {command.returncode}: {command.communicate()[1][-2000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"seconds": round(seconds, 1), "cpu_s": round(cpu, 1), "peak_mb": round(peak), "load_before": round(load, 1)}


def _resident_mb(pid: int) -> float:
    """Of a process and those that it started (MB of 1,000,000 bytes)."""
    try:
        parent = psutil.Process(pid)
        return sum(process.memory_info().rss for process in (parent, *parent.children(recursive=True))) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def _on_the_topic(city: City) -> tuple[int, str]:
    """How many events the topic holds, and the exclusive or of their ids."""
    topic = city.settings.topic_prefix + TOPIC
    reader = Consumer({**city.settings.kafka_client(), "group.id": "bench", "enable.auto.commit": False})
    known = reader.list_topics(topic, timeout=ASKED_S).topics[topic].partitions
    places = [TopicPartition(topic, number, 0) for number in known]
    waiting = sum(reader.get_watermark_offsets(place, ASKED_S)[1] for place in places)
    reader.assign(places)
    events = ids = 0
    while events < waiting:
        for message in reader.consume(min(10_000, waiting - events), ASKED_S):
            ids ^= next(UUID(str(value)).int for name, value in _texts(message) if name == "ce_id")
            events += 1
    reader.close()
    return events, str(UUID(int=ids))


def _texts(message: Message) -> Iterator[tuple[str, str]]:
    """A record's headers."""
    for name, value in message.headers() or ():  # type: ignore[str-unpack]
        yield str(name), value.decode() if isinstance(value, bytes) else str(value)


if __name__ == "__main__":
    main(sys.argv[1])
