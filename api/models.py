"""What the API answers and takes, as types; OpenAPI is made from them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from api.typed_text import WithoutNumber
from database.roles import Role
from runtime.http.language import Language

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
        if any(
            "\0" in text for text in ([value] if isinstance(value, str) else value if isinstance(value, dict) else ())
        ):
            raise PydanticCustomError("string_pattern_mismatch", "holds a NUL")
        return value


class Login(Taken):
    name: str = Field(min_length=1, max_length=80, examples=["panyu-centre"])
    password: str = Field(min_length=1, max_length=256, examples=["correct horse battery staple"])


class Preferences(Taken):
    language: Language = Field(description="of texts and problems for this account", examples=["en"])


class NewPassword(Taken):
    old: str = Field(min_length=1, max_length=256)
    new: str = Field(min_length=1, max_length=256, description="at least 12 characters, and nobody's default")


class PurposeName(BaseModel):
    name: Purpose = Field(examples=["handle_case"])
    zh: str = Field(examples=["办理本案"])
    en: str = Field(examples=["handling this case"])


class Area(BaseModel):
    grid: str = Field(description="a prefix of the grid code; empty for the city", examples=["440113"])
    name_zh: str = Field(examples=["番禺区"])
    name_en: str = Field(examples=["Panyu"])


class Me(BaseModel):
    id: UUID
    name: str = Field(examples=["panyu-centre"])
    role: Role
    scope: str = Field(description="a prefix of the grid code; empty for the city", examples=["440113"])
    domains: list[str] | None = Field(description="of rules whose alerts it sees; null is all", examples=[["benefits"]])
    language: Language
    area: Area | None = Field(description="the scope's name, where the city's map has one")
    session_ends_at: datetime = Field(description="at the latest; earlier when idle")
    purposes: list[PurposeName] = Field(description="the reasons that may be given for looking at a person")


class Summary(BaseModel):
    open: int = Field(description="open alerts", examples=[128])
    urgent: int = Field(description="of them urgent", examples=[12])
    due_today: int = Field(
        description="of them those whose task is due for the rest of the city's day: `task=running&due=today`",
        examples=[41],
    )
    overdue: int = Field(description="of them those whose task is late: `task=running&due=overdue`", examples=[3])
    waiting_for_assignment: int = Field(
        description="of them those whose task nobody has claimed, outside a grid's queue: `task=waiting`", examples=[5]
    )
    escalated: int = Field(
        description="of them those that nobody acknowledged until the caller's level was told: `task=escalated`",
        examples=[1],
    )
    asking: int = Field(
        description="of them those whose worker asks for a suspension or more time: `task=asking`", examples=[2]
    )
    fed_back: int = Field(
        description="cases whose work was done and that no centre has verified yet, at most 1,001: "
        "`state=any&task=fed_back`",
        examples=[17],
    )
    workers_on_duty: int = Field(description="grid workers on duty: `on_duty` of `/workers`", examples=[212])
    mean_acknowledge_seconds: float | None = Field(
        description="dispatch to acknowledgement, last 24 h", examples=[240.0]
    )
    unknown: int = Field(description="findings of which nobody knows whether they hold, for a topic is quiet")
    opened_last_hour: int = Field(description="alerts opened in the last 60 minutes", examples=[12])


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


class Alerts(BaseModel):
    items: list[Alert]
    next: str | None = Field(description="`cursor` of the next page; null on the last")


class Count(BaseModel):
    count: int = Field(examples=[128])
    more: bool = Field(description="there are more, and nobody counted them")


class Worker(BaseModel):
    account: UUID = Field(description="for `assignee` of a list")
    name: str = Field(examples=["panyu-w-3"])
    scope: str = Field(description="a prefix of the grid code", examples=["440113001002003"])
    on_duty: bool = Field(
        description="the roster has this account now and its tablet was heard of within 10 minutes; where nobody keeps "
        "a roster, its session was used within the hour"
    )
    open: int = Field(description="tasks in hand", examples=[4])


class Workers(BaseModel):
    items: list[Worker]


class Shift(BaseModel):
    grid: str = Field(examples=["440113001002003"])
    begins: datetime
    ends: datetime
    worker: str = Field(examples=["panyu-w-3"])
    deputy: str | None = Field(description="who serves it where the worker does not")
    on_duty: str | None = Field(description="of one that runs now: who serves it and whose tablet is alive")
    ended_at: datetime | None = Field(description="when its worker handed over before its end")
    note: str | None = Field(description="to who comes next")


class Roster(BaseModel):
    items: list[Shift]


class Beat(BaseModel):
    """The caller's own shift, as the roster has it now."""

    shift_grid: str | None = Field(description="null: the roster has none for this account now")
    shift_ends_at: datetime | None
    is_deputy: bool | None
    note_of: str | None = Field(description="who handed this grid over last")
    note: str | None


class ShiftEnd(Taken):
    note: WithoutNumber | None = Field(None, max_length=500, examples=["3 栋楼道杂物未清"])


class ShiftEnded(BaseModel):
    released: int = Field(description="tasks that went back to their queues")


class Because(BaseModel):
    department: str = Field(examples=["transport"])
    kind: str = Field(examples=["Registered"])
    record: str | None = Field(description="the department's own number for what it states; masked if it is a person's")
    event_id: str
    occurred_at: datetime


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
    outcome: str | None = Field(description="the result of a completed task", examples=["done"])
    seen_at: datetime | None = Field(
        description="when the worker of a completed task was there; `completed_at` is when that was sent"
    )
    note_masked: bool = Field(
        False, description="the answer to `complete`: an identity number in the note was replaced by ▮"
    )
    visit: Visit | None = Field(None, description="the answer to `complete`: how the visit was kept")
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


class Position(Taken):
    """Degrees, WGS 84."""

    lon: float = Field(ge=-180, le=180, examples=[113.36])
    lat: float = Field(ge=-90, le=90, examples=[22.94])


class RouteWish(Taken):
    position: Position | None = Field(None, description="where the worker is; it is not kept")
    before: list[Annotated[str, Field(max_length=80)]] = Field(
        default_factory=list, max_length=200, description="keys of the stops in the order that the worker has in hand"
    )
    anew: bool = Field(False, description="plan all from scratch, whatever `before` says")


class RouteReason(BaseModel):
    kind: Literal["sos", "urgent", "late", "due", "opens", "near", "no_place", "closed", "no_time", "for_urgent"] = (
        Field(
            description="of a stop's place: sos, urgent, late or due (`at`), opens (`at`, `until`), near (`metres`), "
            "no_place (no coordinates); of one left out: closed, no_time; of who gave way: for_urgent (`key` came in)"
        )
    )
    at: datetime | None = None
    until: datetime | None = None
    metres: int | None = None
    key: str | None = None


class Patrol(BaseModel):
    """A recurring visit of the patrol plan that is due today."""

    id: UUID
    kind: str = Field(examples=["low_income"])
    title_zh: str = Field(examples=["低收入家庭走访"])
    title_en: str = Field(examples=["low-income family"])
    severity: Severity
    every_days: int
    last_at: datetime | None = Field(description="when somebody was met there last")
    spot: str | None = Field(description="a component's code, where it is no door", examples=["A-0173"])
    address: str | None


class RoutePart(BaseModel):
    key: str = Field(description="a door's number, or the id of what has no door")
    tasks: list[UUID] = Field(description="open tasks of this account's queues that are answered in this one visit")
    patrols: list[Patrol]
    lon: float | None
    lat: float | None


class RouteStop(RoutePart):
    begin_at: datetime = Field(description="when the visit is expected to begin")
    leave_at: datetime
    metres: int | None = Field(description="on foot from the stop before, estimated; null: not known")
    reasons: list[RouteReason] = Field(description="why it stands here")


class RouteLeft(RoutePart):
    reason: RouteReason


class RouteMoved(BaseModel):
    key: str
    reason: RouteReason


class RoutePlan(BaseModel):
    made_at: datetime
    shift_ends_at: datetime
    stops: list[RouteStop]
    left: list[RouteLeft] = Field(description="what does not fit into the shift")
    moved: list[RouteMoved] = Field(description="what an urgent stop moved against `before`")
    line: list[tuple[float, float]] = Field(description="from the position on, longitude and latitude in WGS 84")


class PatrolVisit(BaseModel):
    """The answer to a recurring visit; sent again it is the same."""

    id: UUID
    seen_at: datetime
    sent_at: datetime
    note_masked: bool


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
    photos: list[CasePhoto] = Field(description="of its visits: `/photos/{id}`")
    report: Report | None = Field(description="what somebody reported by a door plate, of a case that began with it")


class Look(Taken):
    purpose: Purpose = Field(description="why this account looks; it is recorded and shown to those entitled")


class Unmasked(BaseModel):
    purpose: Purpose
    cause: str = Field(description="the record that brought it about", examples=["粤A12345"])
    because: list[Because]
    people: list[Person]


class CaseLook(Look):
    case: UUID | None = Field(None, description="the finding whose case is handled; `handle_case` names one")


class Lookup(CaseLook):
    identity_number: str = Field(
        min_length=7,
        max_length=60,
        description="in the body, never in a URL: an identity number of 15 or 18 characters, or another document's "
        "number, perhaps with its kind before it: `passport:E12345678`",
        examples=["11010519491231002X"],
    )


class CompanyLookup(CaseLook):
    credit_code: str = Field(
        min_length=18, max_length=18, description="18 characters, GB 32100", examples=["91440101MA5CQ1XX3G"]
    )


class Row(BaseModel):
    view: str
    id: str
    version: int
    updated_at: datetime
    masked: bool = Field(description="names, phones and addresses are masked until a purpose is given")
    unknown: list[QuietTopic] = Field(
        description="topics that may state facts of this row and are quiet: what they said may hold no more, what is "
        "missing may be there"
    )
    row: dict[str, Any] = Field(description="as `schemas/rows/<view>.avsc` says")


class LookedAt(BaseModel):
    at: datetime
    account: str
    role: Role
    purpose: str


class Looks(BaseModel):
    items: list[LookedAt]


class Freshness(BaseModel):
    department: str = Field(examples=["police"])
    topic: str = Field(examples=["police.household-registration"])
    last_event_at: datetime | None
    limit_seconds: int = Field(description="the contract's own")
    kinds: list[str] = Field(description="what the topic states")
    records: int | None = Field(description="on the topic; null: not counted yet")
    delay_seconds: float | None = Field(description="now minus the newest event")
    stale: bool = Field(description="the delay is over the limit")


class FreshnessList(BaseModel):
    items: list[Freshness]


class HourOfRule(BaseModel):
    hour: datetime
    rule: str
    severity: Severity
    count: int


class AlertsByRule(BaseModel):
    items: list[HourOfRule]


class HourOfAcknowledging(BaseModel):
    hour: datetime
    count: int
    p50_seconds: float
    p90_seconds: float


class Acknowledging(BaseModel):
    count: int
    p50_seconds: float | None
    p90_seconds: float | None
    by_hour: list[HourOfAcknowledging]


class Geometry(BaseModel):
    type: str = Field(examples=["Polygon"])
    coordinates: list[Any] = Field(description="longitude, latitude in degrees, WGS 84 (RFC 7946)")


class Feature(BaseModel):
    type: Literal["Feature"] = "Feature"
    id: str
    geometry: Geometry | None
    properties: dict[str, Any]


class FeatureCollection(BaseModel):
    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[Feature]


class Complete(Taken):
    outcome: Literal["done", "nobody_home", "refused"] = Field(
        description="only `done` ends the work: after `nobody_home` the task comes back to its queue, after `refused` "
        "its district decides",
        examples=["done"],
    )
    note: str | None = Field(
        None, max_length=2000, description="what was seen; an identity number in it is replaced by ▮, the rest is kept"
    )
    checks: dict[Annotated[str, Field(max_length=60)], Literal["yes", "no", "unknown"]] = Field(
        default_factory=dict, max_length=20, examples=[{"lives_here": "yes"}]
    )
    seen_at: AwareDatetime | None = Field(
        None, description="when it was seen, by the clock of the tablet that sends it later; none: now"
    )


class HandOver(Taken):
    queue: str = Field(
        pattern=r"^(\d{15}|\d{6}|city)$", description="a grid, a district or `city`", examples=["440113"]
    )
    reason: WithoutNumber = Field(min_length=1, max_length=500, examples=["不属于本网格"])


class Reason(Taken):
    reason: WithoutNumber = Field(min_length=1, max_length=500, examples=["住户外出，周五再访"])


class Remark(Taken):
    reason: WithoutNumber | None = Field(None, max_length=500, examples=["照片与说明相符"])


class Rate(Remark):
    rating: Rating = Field(examples=["good"])


class Extension(Reason):
    amount: int = Field(
        ge=1, le=100, description="hours, or days of what counts working days: `extension_unit`", examples=[4]
    )


class Instruction(Taken):
    note: WithoutNumber = Field(min_length=1, max_length=2000, examples=["请先查看后楼梯"])


class SealingKey(BaseModel):
    id: str = Field(examples=["k1"])
    key: str = Field(description="an uncompressed point of P-256 (65 bytes) in Base64")


class Sealed(Taken):
    sealed: str = Field(
        min_length=1, max_length=12_000_000, description="`<key id>.<point>.<iv>.<data>`: api/sealing.py"
    )


class Opened(BaseModel):
    content: Any = Field(description="what was sealed, as JSON")


class Nothing(Taken):
    """An empty object."""


class Health(BaseModel):
    status: Literal["up", "ready", "waiting"]
