"""What is asked of departments and answered by them, what became of their records, and what workers answer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from api.case_models import Answer
from api.models import Purpose, Taken
from api.typed_text import WithoutNumber

Standing = Literal["verified", "contradicted", "corrected", "upheld", "not_met"]
MOST_COUNTED = 1_000


class Ask(Taken):
    event_id: str = Field(min_length=1, max_length=200, description="of the statement, as in the case's `because`")
    purpose: Purpose = Field(description="why this account asks; it is recorded, and the department is told")
    question: WithoutNumber = Field(min_length=1, max_length=1000, examples=["合同到期了吗？"])


class AnswerQuestion(Taken):
    answer: Answer = Field(description="the statement is right, is wrong, or was corrected since")
    note: WithoutNumber | None = Field(None, max_length=1000, examples=["合同续期至 2027 年"])


class ReadInstruction(Taken):
    number: int = Field(ge=1, le=1_000_000, description="as in the case's `instructions`")
    at: AwareDatetime | None = Field(None, description="when it was shown, by the tablet's clock; none: now")


class AnswerInstruction(ReadInstruction):
    note: str = Field(
        min_length=1, max_length=2000, description="an identity number in it is replaced by ▮, the rest is kept"
    )


class InstructionTaken(BaseModel):
    id: UUID = Field(description="of the task")
    number: int
    note_masked: bool = Field(False, description="an identity number in the answer was replaced by ▮")


class StandingCount(BaseModel):
    standing: Standing
    count: int = Field(description=f"at most {MOST_COUNTED}")
    more: bool = Field(description="there are more, and nobody counted them")


class RecordResult(BaseModel):
    """Where a record of the department's stands."""

    kind: str = Field(examples=["Let"])
    record: str = Field(description="the department's own number")
    stated_at: datetime
    standing: Standing = Field(
        description="`verified`: somebody was there and nothing says otherwise; `contradicted`: the door, or the "
        "department itself, says that it is wrong; `corrected`, `upheld`: so the department answered; `not_met`: "
        "nobody was met there yet"
    )
    centre_verified: bool = Field(description="a command centre has checked the newest visit")
    at: datetime = Field(description="of the newest visit or answer")


class DepartmentQuestion(BaseModel):
    """As its department sees it: nothing of the case that it came from."""

    id: UUID
    kind: str = Field(examples=["Let"])
    record: str = Field(description="the department's own number")
    stated_at: datetime
    correction: str | None = Field(description="what the door says instead; null: a command centre asks")
    question: str | None
    purpose: str | None
    asked_name: str | None
    seen_at: datetime | None
    asked_at: datetime
    answer_by: datetime | None = Field(
        description="by `city.question_term`, three working days later; null: that year is not known yet"
    )
    answer: Answer | None
    note: str | None
    answered_name: str | None
    answered_at: datetime | None


class DepartmentFeedback(BaseModel):
    department: str | None = Field(description="null: the caller's account belongs to none")
    may_answer: bool = Field(description="only accounts of the department itself do")
    waiting: int = Field(description=f"questions that wait, those that are not listed included; {MOST_COUNTED} at most")
    overdue: int = Field(description=f"of them those whose time has passed; {MOST_COUNTED} at most")
    questions: list[DepartmentQuestion] = Field(
        description="what waits longest first, then what is wrong and not corrected yet, then the newest answers"
    )
    counts: list[StandingCount]
    records: list[RecordResult] = Field(description="the newest")
