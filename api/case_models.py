"""What a case says beside its facts: what is contested, what departments were asked, who has read an instruction."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

Answer = Literal["right", "wrong", "corrected"]


class Contested(BaseModel):
    """A fact that is not sure: unknown is not clear."""

    state: Literal["open", "wrong"] = Field(
        description="`open`: the door says otherwise and its department has not answered; `wrong`: so its department "
        "says, and has not restated it yet"
    )
    correction: str | None = Field(
        description="what the door says instead; null: it was found otherwise", examples=["lives_elsewhere"]
    )
    asked_at: datetime


class ContestedFact(Contested):
    event_id: str = Field(description="of the statement in the row that is contested")


class CaseQuestion(BaseModel):
    """A question to the department that stated a fact of the case."""

    id: UUID
    department: str = Field(examples=["housing"])
    kind: str = Field(description="of the statement it is about", examples=["Let"])
    event_id: str = Field(description="of that statement, as in `because`")
    correction: str | None = Field(
        description="what a visit says instead; null: a command centre asks", examples=["tenants_elsewhere"]
    )
    question: str | None = Field(description="of a command centre, in its own words", examples=["合同到期了吗？"])
    purpose: str | None = Field(description="why it asks", examples=["verify_fact"])
    asked_name: str | None = Field(description="who asks, as they were called then; null: the door does")
    seen_at: datetime | None = Field(description="when the worker was there")
    asked_at: datetime
    answer_by: datetime | None = Field(description="null: in a year whose working days are not known yet")
    answer: Answer | None = Field(description="the statement is right, wrong, corrected since; null: nobody answered")
    note: str | None
    answered_at: datetime | None


class CaseQuestions(BaseModel):
    items: list[CaseQuestion]


class InstructionMark(BaseModel):
    by: str = Field(description="whose tablet has shown it, as they were called then", examples=["panyu-w-3"])
    mine: bool
    read_at: datetime
    answer: str | None = Field(description="the last one; each stands in the timeline")
    answered_at: datetime | None


class CaseInstruction(BaseModel):
    """What a centre has asked of whoever has the task."""

    task: UUID
    number: int = Field(description="of its line in the task's history: what a tablet marks and answers")
    at: datetime
    by: str | None
    note: str
    marks: list[InstructionMark] = Field(description="who has read it; none: nobody yet")
