"""How calls are answered is measured where the calls are."""

from __future__ import annotations

from prometheus_client import REGISTRY

from sinks.calling import Calling
from tests.integration.database.test_calls import answer, call, tell, worker
from tests.integration.database.world import World


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def waiting() -> dict[str, float]:
    return {told: value("citygrid_calls_waiting", told=told) for told in ("nobody", "worker", "desk")}


def test_calls_are_counted_by_who_was_told_and_timed_once_each(world: World) -> None:
    near = worker(world, "near", 80)
    ours = Calling()
    with world.sinks() as sinks:
        ours.look(sinks)
    late, acknowledged = (value(f"citygrid_call_{what}_seconds_count") for what in ("told_late", "acknowledged"))
    assert waiting() == {"nobody": 0, "worker": 0, "desk": 0}
    task = call(world)
    with world.sinks() as sinks:
        ours.look(sinks)
    assert waiting() == {"nobody": 1, "worker": 0, "desk": 0}
    tell(world, 0)
    with world.sinks() as sinks:
        ours.look(sinks)
    assert waiting() == {"nobody": 0, "worker": 1, "desk": 0}
    tell(world, 61)
    with world.sinks() as sinks:
        ours.look(sinks)
    assert waiting() == {"nobody": 0, "worker": 0, "desk": 1}
    answer(world, near, task)
    with world.sinks() as sinks:
        ours.look(sinks)
        ours.look(sinks)
    assert waiting() == {"nobody": 0, "worker": 0, "desk": 0}
    assert value("citygrid_call_told_late_seconds_count") == late + 1, "the second was told by a clock that is ahead"
    assert value("citygrid_call_acknowledged_seconds_count") == acknowledged + 1
