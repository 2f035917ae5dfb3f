"""Two ways: centres ask departments, which see results and answer; workers read and answer instructions."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query

from api.case_models import CaseQuestion, CaseQuestions
from api.database import AsCaller, Caller
from api.question_models import (
    MOST_COUNTED,
    AnswerInstruction,
    AnswerQuestion,
    Ask,
    DepartmentFeedback,
    DepartmentQuestion,
    InstructionTaken,
    ReadInstruction,
    RecordResult,
    Standing,
    StandingCount,
)
from api.routes.department import Seen, seen_department
from wire.values.identity_finder import masked

router = APIRouter(tags=["questions"])

LISTED = 100
OF_CASE = "SELECT * FROM city.questions_of_case(%(finding)s)"
ASK = "SELECT city.ask_department(%(finding)s, %(event_id)s, %(purpose)s, %(question)s, %(key)s)"
Key = Annotated[UUID | None, Header(alias="Idempotency-Key", description="sent again, it is still one")]


@router.post("/alerts/{finding_id}/questions", summary="Ask the department that stated a fact of a case")
async def ask(caller: AsCaller, finding_id: UUID, body: Ask, key: Key = None) -> CaseQuestions:
    """By a command centre, about a statement on which the case rests, for a purpose of its own. It is on the
    department's page and its topic, and due within three working days. The answer is what was asked about the case."""
    await caller.rows(ASK, {"finding": finding_id, "key": key, **body.model_dump()})
    return await of_case(caller, finding_id)


async def of_case(caller: Caller, finding: UUID) -> CaseQuestions:
    """What was asked about a case, the oldest first."""
    return CaseQuestions(items=[CaseQuestion(**row) for row in await caller.rows(OF_CASE, {"finding": finding})])


@router.get("/department/feedback", summary="What came back to a department, and what it is asked")
async def feedback(
    caller: AsCaller,
    department: Annotated[str | None, Query(max_length=80, description="for operations and administrators")] = None,
    standing: Annotated[Standing | None, Query(description="only records that stand so")] = None,
) -> DepartmentFeedback:
    """Of the caller's own department; operations and administrators name one. 404: one that the caller may not see.
    It has the department's own records only, and nothing of the cases."""
    return await _feedback(caller, await seen_department(caller, department), standing)


@router.post("/questions/{question_id}/answer", summary="Answer a question as the department that is asked")
async def answer(caller: AsCaller, question_id: UUID, body: AnswerQuestion) -> DepartmentFeedback:
    """`right`, `wrong` or `corrected`. `wrong` may become `corrected`; any other answer stands (409). The case shows
    the answer within seconds. 404: no question to the caller's department."""
    statement = "SELECT city.answer_question(%(id)s, %(answer)s, %(note)s)"
    await caller.rows(statement, {"id": question_id, **body.model_dump()})
    return await _feedback(caller, await seen_department(caller, None), None)


@router.post("/tasks/{task_id}/read-instruction", summary="Mark an instruction as read")
async def read_instruction(caller: AsCaller, task_id: UUID, body: ReadInstruction) -> InstructionTaken:
    """A worker's tablet has shown it; the first time counts, and may be sent later. The case shows it."""
    statement = "SELECT city.mark_read(%(task)s, %(number)s, %(at)s)"
    await caller.rows(statement, {"task": task_id, **body.model_dump()})
    return InstructionTaken(id=task_id, number=body.number)


@router.post("/tasks/{task_id}/answer-instruction", summary="Answer an instruction")
async def answer_instruction(
    caller: AsCaller, task_id: UUID, body: AnswerInstruction, key: Key = None
) -> InstructionTaken:
    """A worker answers, whatever state the task is in meanwhile; the answer is a line of its history."""
    note = masked(body.note)
    statement = "SELECT city.answer_instruction(%(task)s, %(number)s, %(note)s, %(at)s, %(key)s)"
    await caller.rows(statement, {"task": task_id, "key": key, **body.model_dump(), "note": note})
    return InstructionTaken(id=task_id, number=body.number, note_masked=note != body.note)


async def _feedback(caller: Caller, seen: Seen, standing: Standing | None) -> DepartmentFeedback:
    if seen.department is None:
        return DepartmentFeedback(
            department=None, may_answer=False, waiting=0, overdue=0, questions=[], counts=[], records=[]
        )
    wanted: dict[str, Any] = {"department": seen.department, "standing": standing, "most": LISTED}
    questions = await caller.rows("SELECT * FROM city.questions_of(%(department)s, %(most)s)", wanted)
    records = await caller.rows("SELECT * FROM city.records_of(%(department)s, %(standing)s, %(most)s)", wanted)
    overdue = await caller.row("SELECT city.questions_overdue(%(department)s) AS counted", wanted)
    counts = await caller.rows("SELECT * FROM city.record_counts(%(department)s)", wanted)
    return DepartmentFeedback(
        department=seen.department,
        may_answer=caller.role == "department",
        waiting=min(questions[0]["open"], MOST_COUNTED) if questions else 0,
        overdue=min(overdue["counted"], MOST_COUNTED) if overdue else 0,
        questions=[DepartmentQuestion(**row) for row in questions],
        counts=[
            StandingCount(
                standing=row["standing"], count=min(row["counted"], MOST_COUNTED), more=row["counted"] > MOST_COUNTED
            )
            for row in counts
        ],
        records=[RecordResult(**row) for row in records],
    )
