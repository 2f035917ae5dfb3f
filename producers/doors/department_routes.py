"""The departments' HTTP door: state a batch; what one may state; how fresh one is; what of one's own was put aside."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from producers.doors.answers import NO_KEY, json_only
from producers.doors.batch import BatchRefused
from producers.doors.door import door_of
from producers.doors.keys import Holder, holder_of
from producers.doors.quota import numbers_in
from producers.doors.relay import Away
from runtime import metrics
from runtime.http.gate import retry_after
from runtime.http.problems import TOO_MANY, Refused
from wire import schema
from wire.contract_rules import HEAD

router = APIRouter(tags=["departments"])

SHOWN_LETTERS = 200
FRESHNESS = """
SELECT topic, last_event_at, limit_seconds FROM city.freshness_of(%s)
"""


async def caller(request: Request) -> Holder:
    """Who sends the request. Raises Refused: 401 without a key in force, 429 if the key sends too much, or if its
    address sent too many wrong ones; a key that was right before is not kept out by another's of the same address."""
    door = door_of(request)
    address, authorization = request.client.host if request.client else "?", request.headers.get("authorization", "")
    if not door.right_keys.has(authorization) and (wait := door.wrong_keys.looked_at(address)):
        raise Refused(TOO_MANY, headers=retry_after(wait))
    async with door.pool.connection() as connection:
        holder = await holder_of(connection, authorization)
    door.right_keys.note(authorization, right=holder is not None)
    if holder is None:
        if authorization:
            door.wrong_keys.wait(address)
        raise Refused(NO_KEY, headers={"WWW-Authenticate": "Bearer"})
    request.state.department, request.state.key_id = holder
    if wait := door.keys.wait(holder.key_id):
        raise Refused(TOO_MANY, headers=retry_after(wait))
    return holder


Caller = Annotated[Holder, Depends(caller)]
Topic = Annotated[str, Path(description="a topic of the caller's department, e.g. housing.tenancy")]


class Taken(BaseModel):
    """All statements are in Kafka."""

    topic: str
    event_ids: list[str] = Field(description="one for each statement, in their order; the same statement has the same")


class ContractLine(BaseModel):
    """One topic that the department may state."""

    topic: str
    doc: str
    doc_zh: str
    subject: str = Field(description="what its statements are about", examples=["dwelling"])
    kinds: list[str]


class ContractList(BaseModel):
    """What the department may state."""

    department: str
    items: list[ContractLine]


class FieldDescription(BaseModel):
    """A field of a kind."""

    model_config = ConfigDict(populate_by_name=True)
    name: str
    doc: str
    doc_zh: str | None
    classification: Literal["public", "internal", "personal", "sensitive"]
    identity: bool = Field(description="a person's number: sent plain, kept as a pseudonym")
    required: bool
    form: dict[str, Any] | None = Field(description="JSON Schema of its value; of the head see the statement's")


class KindDescription(BaseModel):
    """One kind of change."""

    kind: str
    doc: str
    doc_zh: str | None
    fields: list[FieldDescription]


class ContractWhole(BaseModel):
    """A contract with all its fields."""

    topic: str
    doc: str
    doc_zh: str
    owner: str
    category: str
    legal_basis: str
    retention: str
    freshness: str = Field(description="after how long without an event the department counts as quiet, ISO 8601")
    subject: str
    head: list[FieldDescription]
    kinds: list[KindDescription]


class TopicFreshness(BaseModel):
    """When a topic had its last event."""

    topic: str
    last_event_at: datetime | None = Field(description="null: never")
    limit_seconds: int
    quiet: bool = Field(description="nothing for longer than the limit: what rests on it counts as unknown")


class Freshness(BaseModel):
    """How fresh the city finds the department."""

    department: str
    at: datetime
    items: list[TopicFreshness]


class LetterCount(BaseModel):
    """How many records of a topic were put aside for one reason."""

    topic: str
    reason: str
    waiting: int = Field(description="not sent back yet")
    replayed: int


class LetterLine(BaseModel):
    """One record that was put aside: where it stood and why, never what it says."""

    origin: str = Field(description="topic:partition:offset; the operator's `citygrid dead-letters show` takes it")
    topic: str
    event_id: str | None = Field(description="the id that the door answered with, if the record says one")
    reason: str
    kept_in: str = Field(description="dead-letters, or parked: a newer reader will understand it")
    put_aside_at: datetime
    replayed_at: datetime | None


class LetterList(BaseModel):
    """What of the department's was put aside."""

    department: str
    counts: list[LetterCount]
    items: list[LetterLine] = Field(description=f"the newest {SHOWN_LETTERS}")


@router.post("/v1/events/{topic}", status_code=202, summary="State a batch", dependencies=[Depends(json_only)])
async def state(request: Request, topic: Topic, holder: Caller) -> Taken:
    """Takes all statements of the array or none. 202: the city's brokers have acknowledged every one. 422 names each
    bad statement by index and field, and nothing was sent. On 503 and 429 send all again: nothing doubles. A
    key may state so many identity numbers a day: then 429 says how long that day still lasts."""
    door = door_of(request)
    form = door.form(topic, holder.department)
    body = await request.body()
    try:
        ready = await run_in_threadpool(form.batch, body, door.settings.gateway_statements)
    except BatchRefused as refused:
        door.reporting.refused(topic, refused.statements)
        raise
    numbers = numbers_in(form.contract, ready)
    await door.quota.take(holder, numbers)
    try:
        await door.relay.deliver(topic, ready)
    except Away:
        await door.quota.give_back(holder, numbers)
        raise
    door.reporting.taken(topic, ready)
    metrics.GATEWAY_STATEMENTS.labels(topic).inc(len(ready))
    return Taken(topic=topic, event_ids=[event.event_id for event in ready])


@router.get("/v1/contracts", summary="What the department may state")
async def contracts(request: Request, holder: Caller) -> ContractList:
    """The department's topics, each with its kinds."""
    own = [form.contract for form in door_of(request).forms.values() if form.contract.department == holder.department]
    items = [
        ContractLine(
            topic=contract.topic,
            doc=contract.record.doc,
            doc_zh=contract.record.doc_zh,
            subject=contract.subject,
            kinds=list(contract.kinds),
        )
        for contract in own
    ]
    return ContractList(department=holder.department, items=items)


@router.get("/v1/contracts/{topic}", summary="A contract with all its fields")
async def described(request: Request, topic: Topic, holder: Caller) -> ContractWhole:
    """Every kind and field with its meaning, classification and form."""
    form = door_of(request).form(topic, holder.department)
    contract = form.contract
    return ContractWhole(
        topic=topic,
        doc=contract.record.doc,
        doc_zh=contract.record.doc_zh,
        owner=contract.owner,
        category=contract.category,
        legal_basis=contract.legal_basis,
        retention=contract.retention,
        subject=contract.subject,
        freshness=contract.freshness,
        head=[
            _field(field, None)
            for name, field in contract.record.by_name.items()
            if name in HEAD and name != "event_id"
        ],
        kinds=[
            KindDescription(
                kind=kind,
                doc=record.doc,
                doc_zh=record.doc_zh or None,
                fields=[_field(field, form.json.field_schema(field)) for field in record.fields],
            )
            for kind, record in contract.kinds.items()
        ],
    )


@router.get("/v1/freshness", summary="How fresh the city finds the department")
async def freshness(request: Request, holder: Caller) -> Freshness:
    """For each topic when its newest event reached the city, and whether that is too long ago."""
    now = datetime.now(UTC)
    async with door_of(request).pool.connection() as connection:
        rows = await (await connection.execute(FRESHNESS, (holder.department,))).fetchall()
    items = [
        TopicFreshness(
            topic=topic,
            last_event_at=last,
            limit_seconds=limit,
            quiet=last is None or (now - last).total_seconds() > limit,
        )
        for topic, last, limit in rows
    ]
    return Freshness(department=holder.department, at=now, items=items)


@router.get("/v1/dead-letters", summary="What of the department's was put aside")
async def dead_letters(request: Request, holder: Caller) -> LetterList:
    """Records that no stage could read: counted by topic and reason, the newest with their origin. To mend one, state
    the same record again, with a later recording time."""
    door = door_of(request)
    prefix = door.settings.topic_prefix
    own = {prefix + topic: topic for topic, form in door.forms.items() if form.contract.department == holder.department}
    letters = [letter for letter in await door.letters.all() if letter.origin.topic in own]
    counted = Counter[tuple[str, str, bool]](
        (own[letter.origin.topic], letter.reason, letter.replayed_at is None) for letter in letters
    )
    counts = [
        LetterCount(
            topic=topic, reason=reason, waiting=counted[topic, reason, True], replayed=counted[topic, reason, False]
        )
        for topic, reason in sorted({(topic, reason) for topic, reason, _ in counted})
    ]
    items = [
        LetterLine(
            origin=str(letter.origin),
            topic=own[letter.origin.topic],
            event_id=letter.event_id,
            reason=letter.reason,
            kept_in=letter.kept_in,
            put_aside_at=_time(letter.put_aside_at),
            replayed_at=_time(letter.replayed_at) if letter.replayed_at is not None else None,
        )
        for letter in reversed(letters[-SHOWN_LETTERS:])
    ]
    return LetterList(department=holder.department, counts=counts, items=items)


def _field(field: schema.Field, form: dict[str, Any] | None) -> FieldDescription:
    return FieldDescription(
        name=field.name,
        doc=field.doc,
        doc_zh=field.doc_zh or None,
        classification=field.classification,
        identity=field.identity,
        required=not field.has_default,
        form=form,
    )


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
