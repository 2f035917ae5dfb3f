"""Who may do what in Kafka: THE list of principals, made of the list of what runs and of what each says that it does.

`prepare` makes all of it, topics and schemas too, and may do everything. docs/decisions/0032-logins.md
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Literal, NamedTuple

from processes.inventory import NAMED, WORKERS, Process
from processes.logins import OPERATOR, department_login, departments, on_kafka
from producers.mending import letters
from runtime import topic_reader
from runtime.reader_positions import GROUPS
from runtime.settings import Settings
from wire import feedback
from wire.access import Access, on
from wire.contracts import DOOR_REPORTS, DOOR_REPORTS_OF_ALL, FEEDBACK, stated_by
from wire.topics import ALERTS, PUBLICATIONS, PUBLICATIONS_OF_ALL, RECORD_CLAIMS, topics

Kind = Literal["topic", "group", "transactional_id"]
Operation = Literal["read", "write", "describe"]


class Right(NamedTuple):
    """`prefixed`: `name` is what the names begin with."""

    principal: str
    kind: Kind
    name: str
    operation: Operation
    prefixed: bool = False


def rights(settings: Settings) -> list[Right]:
    """Everything that any principal may do; whatever is not here is refused."""
    return sorted(right for name, access in accesses(settings).items() for right in _rights(settings, name, access))


def accesses(settings: Settings) -> dict[str, Access]:
    """What each principal does with Kafka."""
    return {
        **{process.name: _of_process(settings, process) for process in on_kafka()},
        OPERATOR: _of_operator(settings),
        **{department_login(department): _of_department(settings, department) for department in departments()},
    }


def _of_process(settings: Settings, process: Process) -> Access:
    access = import_module(WORKERS[process.kind]).access
    found: Access = access(settings, process.plugin) if process.kind in NAMED else access(settings)
    return found


def _of_operator(settings: Settings) -> Access:
    """Reads all (backup, dead letters, rebuild), states for departments, sends back what was put aside by any stage."""
    every = {topic.name for topic in topics()}
    written_no_more = {DOOR_REPORTS_OF_ALL, PUBLICATIONS_OF_ALL}
    made_by_stages = {ALERTS, RECORD_CLAIMS, *(name for name in every if name.startswith("rows."))}
    return Access(
        reads=on(settings, every),
        writes=on(settings, every - made_by_stages - written_no_more),
        groups=frozenset({settings.topic_prefix + GROUPS}),
        every_group=True,
        transactions=letters.transactional_id(settings),
    )


def _of_department(settings: Settings, department: str) -> Access:
    """Writes what it states, what became of its lines and when its files were first published; reads that again and
    what came of its own statements, and nothing else: nobody writes in another's name."""
    its_own = {PUBLICATIONS + department, DOOR_REPORTS + department}
    return Access(
        reads=on(settings, {*its_own, FEEDBACK + department, PUBLICATIONS_OF_ALL}),
        writes=on(settings, {*stated_by(department), *its_own}),
        groups=frozenset({topic_reader.group_of(settings), feedback.group_of(settings, department)}),
    )


def _rights(settings: Settings, name: str, access: Access) -> Iterator[Right]:
    every_group = settings.topic_prefix + GROUPS
    yield from (Right(name, "topic", topic, "read") for topic in access.reads)
    yield from (Right(name, "topic", topic, "write") for topic in access.writes)
    yield from (Right(name, "topic", topic, "describe") for topic in access.asks - access.reads - access.writes)
    for group in access.groups:
        yield Right(name, "group", group, "read", prefixed=group == every_group)
    if access.every_group and every_group not in access.groups:
        yield Right(name, "group", every_group, "describe", prefixed=True)
    if access.transactions is not None:
        yield Right(name, "transactional_id", access.transactions, "write", prefixed=True)
        yield Right(name, "transactional_id", access.transactions, "describe", prefixed=True)
