"""Tasks and their moves. What may follow what is the database's decision (`city.act`), which keeps history and feed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query, Request, Response
from psycopg.types.json import Jsonb

from api import cursor, select
from api.database import AsCaller, Caller
from api.filters import TaskFilters
from api.models import Gone, Nothing, Queue, Queues, Task, Tasks, Visit
from api.move_models import Complete, Extension, HandOver, Instruction, Rate, Reason, Remark
from api.places import place_en, place_zh
from api.problems import NOT_FOUND, Refused, refuse
from runtime import metrics
from wire.values.identity_finder import masked

router = APIRouter(tags=["tasks"])

OVER = ("fed_back", "finished", "completed", "verified", "closed")
Key = Annotated[
    UUID | None,
    Header(alias="Idempotency-Key", description="made by the sender for one move; sent again, it is still one move"),
]
Empty = Annotated[Nothing, Body(default_factory=Nothing)]


@router.get("/tasks", summary="Tasks, calls for help and what is due first")
async def tasks(
    caller: AsCaller,
    wanted: TaskFilters,
    after: Annotated[str | None, Query(alias="cursor", max_length=300, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=select.MOST)] = select.PAGE,
) -> Tasks:
    """Tasks of the caller's queues: calls for help first, then by the time left. Finished ones come newest first."""
    statement = "SELECT * FROM city.list_tasks(%(wanted)s, %(most)s, %(rank)s, %(time)s, %(id)s)"
    rows = await caller.rows(statement, {"wanted": wanted.filters, "most": limit + 1, **cursor.position(after)})
    shown, following = cursor.page(rows, limit, "id", "finished_at" if wanted.state in OVER else "respond_by")
    return Tasks(items=[select.task_of(row, caller.account) for row in shown], next=following)


@router.get("/tasks/{task_id}", summary="A task", response_model=Task)
async def task(request: Request, caller: AsCaller, task_id: UUID) -> Task | Response:
    """One task with the moves that this account may make now."""
    return await select.task(caller, task_id) or refuse(request, NOT_FOUND)


@router.post("/tasks/{task_id}/claim", summary="Take a task")
async def claim(caller: AsCaller, task_id: UUID, _body: Empty, key: Key = None) -> Task:
    """The task becomes this account's; of two who try, one gets it."""
    return await _move(caller, task_id, "claim", key)


@router.post("/tasks/{task_id}/acknowledge", summary="Say that one is at it")
async def acknowledge(caller: AsCaller, task_id: UUID, _body: Empty, key: Key = None) -> Task:
    """dispatched → acknowledged; the task becomes this account's; said again by whoever has it, nothing changes.
    A command centre does not do so for a worker."""
    before = await select.task(caller, task_id)
    if before and before.mine and before.state == "acknowledged":
        return before  # said again on another tablet, or without a network meanwhile
    moved = await _move(caller, task_id, "acknowledge", key)
    if before and before.state == "dispatched" and before.before is None:  # the first of its finding
        opened = await select.alert(caller, moved.finding_id)
        since = opened["opened_at"] if opened else moved.dispatched_at
        metrics.ALERT_TO_ACKNOWLEDGED_SECONDS.observe(max(0.0, (datetime.now(UTC) - since).total_seconds()))
    return moved


@router.post("/tasks/{task_id}/complete", summary="Say what was seen")
async def complete(caller: AsCaller, task_id: UUID, body: Complete, key: Key = None) -> Task | Gone:
    """acknowledged → completed, with what was found; it becomes an event of the grid workers' department.

    What a worker saw is never refused: if the task was closed, suspended or given to somebody else meanwhile, it is
    an observation, kept with the case and published like every visit, and `visit` says so. An identity number in the
    note is replaced by ▮ and the rest is kept; `note_masked` says so.
    """
    note = body.note and masked(body.note)
    checks = {masked(check): answer for check, answer in body.checks.items()}
    kept = {"outcome": body.outcome, "note": note, "checks": checks}
    row = await caller.row(
        "SELECT * FROM city.visit(%(task)s, %(seen)s, %(at)s, %(key)s)",
        {"task": task_id, "seen": Jsonb(kept), "at": body.seen_at, "key": key},
    )
    answer = {"note_masked": (note, checks) != (body.note, body.checks), "visit": Visit.model_validate(row)}
    moved = await select.task(caller, task_id)
    return moved.model_copy(update=answer) if moved else Gone.model_validate({"id": task_id, **answer})


@router.post("/tasks/{task_id}/release", summary="Put a task back into its queue")
async def release(caller: AsCaller, task_id: UUID, body: Remark, key: Key = None) -> Task:
    """Whoever has claimed it gives it up, with a reason or without."""
    return await _move(caller, task_id, "release", key, reason=body.reason)


@router.get("/queues", summary="Grids that a task can be given to")
async def queues(
    caller: AsCaller,
    search: Annotated[str, Query(max_length=80, pattern=r"^[^\x00]*$", description="part of a name, or a code")] = "",
) -> Queues:
    """Grids of the caller's area, or of the district in which it lies, at most 50. A task can also be given to a
    district or to `city`."""
    rows = await caller.rows("SELECT * FROM city.queues(%(search)s, 50)", {"search": search})
    return Queues(
        items=[
            Queue(queue=row["queue"], name_zh=place_zh(row["names_zh"]), name_en=place_en(row["names_en"]))
            for row in rows
        ]
    )


@router.post("/tasks/{task_id}/hand-over", summary="Give a task to another queue")
async def hand_over(caller: AsCaller, task_id: UUID, body: HandOver, key: Key = None) -> Task:
    """Into another grid's, a district's or the city's queue, which must exist, with a reason. The answer is the task
    as it was left."""
    return await _move(caller, task_id, "hand_over", key, reason=body.reason, detail={"queue": body.queue})


@router.post("/tasks/{task_id}/verify", summary="Verify a case and close it")
async def verify(caller: AsCaller, task_id: UUID, body: Remark, key: Key = None) -> Task:
    """completed → verified, by a command centre that did not do the work itself."""
    return await _move(caller, task_id, "verify", key, reason=body.reason)


@router.post("/tasks/{task_id}/send-back", summary="Send work back with what is missing")
async def send_back(caller: AsCaller, task_id: UUID, body: Reason, key: Key = None) -> Task:
    """completed → acknowledged: its worker's again, with as much time as the rule gives. What was reported is kept."""
    return await _move(caller, task_id, "send_back", key, reason=body.reason)


@router.post("/tasks/{task_id}/rate", summary="Rate a verified case")
async def rate(caller: AsCaller, task_id: UUID, body: Rate, key: Key = None) -> Task:
    """`good`, `fair` or `poor`; a later rating replaces it, and the history has both."""
    return await _move(caller, task_id, "rate", key, reason=body.reason, detail={"rating": body.rating})


@router.post("/tasks/{task_id}/ask-suspension", summary="Ask for a suspension")
async def ask_suspension(caller: AsCaller, task_id: UUID, body: Reason, key: Key = None) -> Task:
    """Asks its street or district; the clock runs until that suspends the task or declines."""
    return await _move(caller, task_id, "ask_suspension", key, reason=body.reason)


@router.post("/tasks/{task_id}/ask-extension", summary="Ask for more time")
async def ask_extension(caller: AsCaller, task_id: UUID, body: Extension, key: Key = None) -> Task:
    """Asks its street or district for so many hours or working days more."""
    return await _move(caller, task_id, "ask_extension", key, reason=body.reason, detail={"amount": body.amount})


@router.post("/tasks/{task_id}/suspend", summary="Stop a task's clock")
async def suspend(caller: AsCaller, task_id: UUID, body: Reason, key: Key = None) -> Task:
    """Stops its time to respond, with a reason, until it is resumed: by a street's, a district's or the city's centre,
    asked for or not."""
    return await _move(caller, task_id, "suspend", key, reason=body.reason)


@router.post("/tasks/{task_id}/extend", summary="Give a task more time")
async def extend(caller: AsCaller, task_id: UUID, body: Extension, key: Key = None) -> Task:
    """So many hours or working days more, by whom a suspension is granted, asked for or not."""
    return await _move(caller, task_id, "extend", key, reason=body.reason, detail={"amount": body.amount})


@router.post("/tasks/{task_id}/decline", summary="Decline what was asked for")
async def decline(caller: AsCaller, task_id: UUID, body: Reason, key: Key = None) -> Task:
    """Neither suspension nor more time; the task stays as it is."""
    return await _move(caller, task_id, "decline", key, reason=body.reason)


@router.post("/tasks/{task_id}/resume", summary="Let a task's clock run again")
async def resume(caller: AsCaller, task_id: UUID, body: Reason, key: Key = None) -> Task:
    """Back to the state it was suspended from; the time to respond moves by the time it stood still."""
    return await _move(caller, task_id, "resume", key, reason=body.reason)


@router.post("/tasks/{task_id}/instruct", summary="Send an instruction to whoever has the task")
async def instruct(caller: AsCaller, task_id: UUID, body: Instruction, key: Key = None) -> Task:
    """A note of a command centre in the task's history; the worker's stream shows it."""
    return await _move(caller, task_id, "instruct", key, reason=body.note)


async def _move(
    caller: Caller,
    task_id: UUID,
    move: str,
    key: UUID | None,
    *,
    reason: str | None = None,
    detail: dict[str, Any] | None = None,
) -> Task:
    acted = await caller.row(
        "SELECT * FROM city.act(%(task)s, %(move)s, %(reason)s, %(detail)s, %(key)s) LIMIT 1",
        {"task": task_id, "move": move, "reason": reason, "detail": Jsonb(detail or {}), "key": key},
    )
    moved = await select.task(caller, task_id)
    if moved:
        return moved
    if acted is None:
        raise Refused(NOT_FOUND)
    # Handed over out of one's own scope: nothing more than the move itself is known of it here.
    unseen = dict.fromkeys(("why_zh", "why_en", "unknown", "line", "claimed_name", "placed"))
    return select.task_of({**acted, **unseen, "moves": []}, caller.account)
