"""What lists, counts and the map are narrowed to: one set of parameters, so that a number and what it opens agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query
from psycopg.types.json import Jsonb
from pydantic import AwareDatetime

from api.database import filters
from api.models import GridPrefix, Severity
from domain.time import CITY

Name = Annotated[str | None, Query(max_length=80, pattern=r"^[^\x00]*$")]
Due = Annotated[
    Literal["overdue", "today", "later"] | None,
    Query(description="by the server's clock: past, before the city's day ends, or after"),
]
AlertState = Annotated[
    Literal["open", "opened", "inhibited", "silenced", "resolved", "held", "unknown", "any"],
    Query(
        description="`open` is not yet resolved and shown; `inhibited` is open and stands back behind another alert, "
        "`silenced` behind a silence; `held` is older than going live; of `unknown` nobody knows if they hold, for a "
        "topic is quiet; `any` is all but `held`"
    ),
]
OfTask = Annotated[
    Literal[
        "open",
        "running",
        "waiting",
        "escalated",
        "asking",
        "unanswered",
        "fed_back",
        "dispatched",
        "acknowledged",
        "suspended",
    ]
    | None,
    Query(
        description="of its task: `open` is not finished, `running` is open and its clock does not stand still, "
        "`waiting` has been claimed by nobody and is in no grid's queue, `escalated` is unacknowledged for so long "
        "that the caller's level was told, `asking` asks its street or district for a suspension or more time, "
        "`unanswered` waits for a department's answer whose time has passed (with `state=any`; the 1,001 that wait "
        "longest), `fed_back` is done and waits for a command centre to verify it (with `state=any`: "
        "its alert may be resolved; the 1,001 that wait longest)"
    ),
]
TaskState = Annotated[
    Literal[
        "open",
        "running",
        "fed_back",
        "finished",
        "dispatched",
        "acknowledged",
        "suspended",
        "completed",
        "verified",
        "closed",
    ],
    Query(
        description="`open` is not finished; `running` is open and its clock does not stand still; `fed_back` is done "
        "and not verified yet; `finished` is completed, verified or not"
    ),
]


@dataclass(frozen=True)
class Wanted:
    """`state`, by which the order is chosen, and all filters as the database's functions take them."""

    state: str
    filters: Jsonb
    has_lines: bool = False  # as city.is_gathered


def _alerts(
    state: AlertState = "open",
    rule: Name = None,
    severity: Severity | None = None,
    grid: Annotated[GridPrefix | None, Query(description="a district, street, community or grid")] = None,
    department: Name = None,
    due: Due = None,
    due_from: AwareDatetime | None = None,
    due_until: AwareDatetime | None = None,
    opened_from: AwareDatetime | None = None,
    task: OfTask = None,
    assignee: Annotated[UUID | None, Query(description="the account that has claimed its task")] = None,
    line: Annotated[
        str | None, Query(pattern=r"^[0-9a-z.]{1,40}$", description="only the alerts of this line of a list")
    ] = None,
) -> Wanted:
    wanted = filters(
        state=state,
        rule=rule,
        severity=severity,
        area=grid,
        department=department,
        due=due,
        due_from=due_from,
        due_until=due_until,
        opened_from=opened_from,
        task=task,
        assignee=assignee,
        line=line,
        zone=CITY.key,
    )
    return Wanted(state, wanted, state in ("open", "opened") and line is None)


def _tasks(
    state: TaskState = "open",
    mine: Annotated[bool, Query(description="only those that this account has claimed")] = False,
    unassigned: Annotated[bool, Query(description="only those outside a grid's queue that nobody has claimed")] = False,
    rule: Name = None,
    severity: Severity | None = None,
    grid: Annotated[GridPrefix | None, Query(description="queues of a district, street, community or grid")] = None,
    due: Due = None,
    due_from: AwareDatetime | None = None,
    due_until: AwareDatetime | None = None,
    finished_today: Annotated[bool, Query(description="only those finished since the city's day began")] = False,
    assignee: UUID | None = None,
) -> Wanted:
    wanted = filters(
        state=state,
        mine=mine,
        unassigned=unassigned,
        rule=rule,
        severity=severity,
        area=grid,
        due=due,
        due_from=due_from,
        due_until=due_until,
        finished_today=finished_today,
        assignee=assignee,
        zone=CITY.key,
    )
    return Wanted(state, wanted)


AlertFilters = Annotated[Wanted, Depends(_alerts)]
TaskFilters = Annotated[Wanted, Depends(_tasks)]
