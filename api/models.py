"""What the API answers and takes, as types; OpenAPI is made from them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from api.case_models import CaseInstruction, CaseQuestion, Contested

Severity = Literal["urgent", "today", "planned"]
MoveName = Literal[
    "claim",
    "acknowledge",
    "complete",
    "verify",
    "send-back",
    "rate",
    "release",
    "hand-over",
    "ask-suspension",
    "ask-extension",
    "suspend",
    "extend",
    "decline",
    "resume",
    "instruct",
]
Asked = Literal["suspension", "extension"]
Rating = Literal["good", "fair", "poor"]
Level = Literal["worker", "deputy", "community", "street", "district"]
Purpose = Literal["handle_case", "verify_fact", "answer_citizen", "supervise"]
ReportCategory = Literal["exit_blocked", "wiring", "building", "leak", "lighting", "rubbish", "noise", "other"]
ReportState = Literal["waiting", "accepted", "declined"]
GridPrefix = Annotated[str, Field(pattern=r"^(\d{6}|\d{9}|\d{12}|\d{15})?$", examples=["440113001"])]


class Taken(BaseModel):
    """A request's body: unknown fields are refused, so that a typing error is not silently ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*")
    @classmethod
    def storable(cls, value: Any) -> Any:
        """PostgreSQL keeps no NUL, neither in a text nor in JSON."""
        texts = [value] if isinstance(value, str) else value if isinstance(value, dict | list) else ()
        if any(isinstance(text, str) and "\0" in text for text in texts):
            raise PydanticCustomError("string_pattern_mismatch", "holds a NUL")
        return value


class Place(BaseModel):
    grid: str | None = Field(examples=["440113001002003"])
    district: str | None = Field(examples=["440113"])
    address: str | None = Field(examples=["先锋社区右街 12 号"])
    lon: float | None = Field(description="degrees, WGS 84", examples=[113.36])
    lat: float | None = Field(description="degrees, WGS 84", examples=[22.94])
    name_zh: str | None = Field(
        description="street, community and grid as the city's map names them", examples=["市桥街道 先锋社区 03网格"]
    )
    name_en: str | None = Field(description="the same in English", examples=["Grid 03, Xianfeng, Shiqiao"])


class Report(BaseModel):
    id: UUID
    dwelling: str
    category: ReportCategory
    note: str | None
    photo: bool = Field(description="there is one: `/reports/{id}/photo`")
    made_at: datetime
    state: ReportState
    decided_name: str | None = Field(description="who decided, as they were called then")
    decided_at: datetime | None
    reason: str | None
    finding_id: UUID | None = Field(description="the case that was made of it")
    place: Place | None


class TaskMark(BaseModel):
    id: UUID
    state: str = Field(examples=["dispatched"])
    queue: str = Field(examples=["440113001002003"])
    outcome: str | None = Field(description="the result of a completed task", examples=["done"])
    claimed_by: str | None = Field(description="the name of the account that has claimed it", examples=["panyu-w-3"])
    asked: Asked | None = Field(description="what its worker asks the street or district for")
    escalated_to: Level | None = Field(description="the highest level that was told, while nobody acknowledges it")
    respond_by: datetime | None
    dispatched_at: datetime


class QuietTopic(BaseModel):
    topic: str = Field(examples=["transport.vehicle-registration"])
    department: str = Field(examples=["transport"])
    kinds: list[str] = Field(description="what the topic states", examples=[["Registered", "Transferred", "Scrapped"]])
    last_event_at: datetime | None = Field(description="since then nothing was heard; null: never")
    limit_seconds: int = Field(description="after so long without an event the topic counts as quiet")


class Line(BaseModel):
    """What an alert of a list with `lines` stands for: those of its line that fit the list's filters."""

    alerts: int = Field(examples=[29])
    visited: int = Field(description="of them those whose work is done", examples=[12])
    urgent: int = Field(description="of them those that are urgent", examples=[29])
    title_zh: str = Field(description="what they have in common", examples=["暴雨橙色预警（雨量 63 mm）"])
    title_en: str = Field(examples=["orange rain warning (63 mm)"])


class SilencedBy(BaseModel):
    id: UUID
    reason: str
    name: str = Field(description="who made the silence", examples=["panyu-centre"])
    until: datetime


class Alert(BaseModel):
    finding_id: UUID
    rule: str = Field(examples=["car-and-benefit"])
    rule_version: int = Field(examples=[1])
    state: str = Field(description="`opened`, `changed`, `resolved` or `held`", examples=["opened"])
    unknown: bool = Field(description="a topic on whose silence the rule rests is quiet: nobody knows if it holds")
    call: bool = Field(description="somebody calls for help: lists have these first")
    view: str = Field(examples=["household"])
    subject: str = Field(description="the row's id; a pseudonym for a resident", examples=["H-20113"])
    severity: Severity
    why_zh: str
    why_en: str
    dwelling: str | None
    household: str | None
    place: Place | None
    opened_at: datetime
    changed_at: datetime
    respond_by: datetime | None
    due: datetime | None = Field(
        description="by what lists are sorted: the deadline of its newest task, which moves when the task's clock "
        "stands still and when nobody was met; `respond_by` where it has no task"
    )
    task: TaskMark | None = Field(description="the newest task of this finding")
    line: str | None = Field(description="what is one warning over an area is one line; null: it stands alone")
    gathered: Line | None = Field(None, description="this alert stands for its line in a list with `lines`")
    inhibited_by: UUID | None = Field(
        description="the finding of its building that stands for it: it has no task meanwhile, and lists of what is "
        "open leave it out"
    )
    inhibited_by_rule: str | None = Field(examples=["warned-door"])
    silenced: SilencedBy | None = Field(None, description="it has no task until this silence ends")
    inhibits: int = Field(description="how many open alerts of its flats it stands for")


class Alerts(BaseModel):
    items: list[Alert]
    next: str | None = Field(description="`cursor` of the next page; null on the last")


class Count(BaseModel):
    count: int = Field(description="alerts", examples=[128])
    lines: int = Field(description="rows of the list with `lines`", examples=[100])
    more: bool = Field(description="there are more, and nobody counted them")


class Because(BaseModel):
    department: str = Field(examples=["transport"])
    kind: str = Field(examples=["Registered"])
    record: str | None = Field(description="the department's own number for what it states; masked if it is a person's")
    event_id: str
    occurred_at: datetime
    contested: Contested | None = Field(None, description="the door, or the department itself, says otherwise")


class Person(BaseModel):
    id: str = Field(description="a reference within this case", examples=["1"])
    resident: str | None = Field(None, description="the person's pseudonym, for `/rows/resident/{id}`; once unmasked")
    name: str | None = Field(description="masked until a purpose is chosen", examples=["周*"])
    relation: str | None = Field(examples=["head"])
    born: str | None = Field(None, examples=["1962-04-01"])
    phone: str | None = Field(None)
    address: str | None = Field(None)
    masked: bool


class Moment(BaseModel):
    at: datetime
    kind: str = Field(examples=["acknowledge"])
    by: str | None = Field(description="the account's name as it was then; null for the system")
    note: str | None
    happened_at: datetime | None = Field(None, description="of a visit: when the worker was there; `at` is when sent")
    outcome: str | None = Field(None, description="of a visit; of `rate` the rating", examples=["done"])
    amount: int | None = Field(None, description="of an extension: in the task's `extension_unit`", examples=[2])


class Check(BaseModel):
    id: str = Field(description="the key of its answer in `checks` of `complete`", examples=["someone_met"])
    question_zh: str = Field(examples=["见到人？"])
    question_en: str = Field(examples=["Was someone met?"])


class Visit(BaseModel):
    """What became of what a worker saw; it is kept in any case."""

    kept_as: Literal["completion", "observation"] = Field(
        description="`observation`: kept with the case and published, but the task stayed as it was"
    )
    because: Literal["completed", "closed", "suspended", "taken_over", "handed_over", "not_acknowledged"] | None = (
        Field(description="why it is an observation", examples=["taken_over"])
    )
    seen_at: datetime = Field(description="when it happened; what is published says this")
    sent_at: datetime
    bound: Literal["task", "now"] | None = Field(
        description="the time stated was before the task or in the future, and `seen_at` is that bound instead"
    )


class Gone(BaseModel):
    """A task that this account does not see any more."""

    id: UUID
    gone: Literal[True] = True
    note_masked: bool
    visit: Visit


class Queue(BaseModel):
    queue: str = Field(examples=["440113001002003"])
    name_zh: str | None = Field(examples=["市桥街道 先锋社区 03网格"])
    name_en: str | None = Field(examples=["Grid 03, Xianfeng, Shiqiao"])


class Queues(BaseModel):
    items: list[Queue]


class Task(BaseModel):
    id: UUID
    finding_id: UUID
    rule: str
    queue: str
    state: str
    suspended: bool
    claimed_by: str | None
    mine: bool
    severity: Severity
    why_zh: str
    why_en: str
    dwelling: str | None = Field(description="its number, which is on the door plate")
    place: Place | None
    before: str | None = Field(
        description="`nobody_home` or `refused`: the result of the task that this one follows", examples=["nobody_home"]
    )
    unknown: bool = Field(description="as its alert's: nobody knows if it still holds, for a topic is quiet")
    line: str | None = Field(description="what is one warning over an area is one line; null: it stands alone")
    outcome: str | None = Field(description="the result of a completed task", examples=["done"])
    seen_at: datetime | None = Field(
        description="when the worker of a completed task was there; `completed_at` is when that was sent"
    )
    note_masked: bool = Field(
        False, description="the answer to `complete`: an identity number in the note was replaced by ▮"
    )
    visit: Visit | None = Field(None, description="the answer to `complete`: how the visit was kept")
    closed_zh: str | None = Field(description="why it closed by itself, with what a department stated")
    closed_en: str | None
    respond_by: datetime | None
    dispatched_at: datetime
    acknowledged_at: datetime | None
    completed_at: datetime | None = Field(description="when its work was reported; a centre may send it back")
    verified_at: datetime | None = Field(description="when a command centre verified and closed it")
    rating: Rating | None
    missing: str | None = Field(description="why a command centre sent it back last", examples=["缺楼梯照片"])
    escalated_to: Level | None = Field(description="the highest level that was told, while nobody acknowledges it")
    asked: Asked | None = Field(description="what is asked of its street or district, until that answers")
    asked_because: str | None
    asked_amount: int | None = Field(description="of an extension: in `extension_unit`")
    extension_unit: Literal["hour", "working_hour", "working_day"] = Field(
        description="what its time to respond counts, and an extension with it"
    )
    moves: list[MoveName] = Field(description="what this account may do with it now")
    checks: list[Check] = Field(description="what its rule asks at the door: yes, no or unknown")


class CaseTask(Task):
    """A task with what was reported, which a command centre reads before it verifies."""

    note: str | None = Field(description="what was seen; identity numbers are ▮")
    answers: dict[str, str] = Field(description="to `checks`, by their id: yes, no or unknown")


class Tasks(BaseModel):
    items: list[Task]
    next: str | None


class CasePhoto(BaseModel):
    id: UUID
    at: datetime = Field(description="when it was taken")
    by: str = Field(description="the account's name as it was then")


class Case(Alert):
    cause: str = Field(description="the record that brought it about, masked", examples=["粤*"])
    because: list[Because]
    quiet: list[QuietTopic] = Field(description="topics behind this case, or needed by its rule, that are quiet now")
    resolution_zh: str | None
    resolution_en: str | None
    people: list[Person]
    tasks: list[CaseTask]
    timeline: list[Moment]
    photos: list[CasePhoto] = Field(description="of its visits: `/alerts/{finding_id}/photos/{id}`")
    report: Report | None = Field(description="what somebody reported by a door plate, of a case that began with it")
    questions: list[CaseQuestion] = Field(description="to departments, the oldest first")
    instructions: list[CaseInstruction] = Field(description="the newest first")


class Unmasked(BaseModel):
    purpose: Purpose
    cause: str = Field(description="the record that brought it about", examples=["粤A12345"])
    because: list[Because]
    people: list[Person]


class Nothing(Taken):
    """An empty object."""


class Health(BaseModel):
    status: Literal["up", "ready", "waiting"]
