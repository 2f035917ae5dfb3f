"""The catalogue of what departments state, with what is known of each topic now."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.database import AsCaller, Caller
from api.overview_models import Freshness
from api.problems import NOT_FOUND, Refused
from api.stream import fresh
from wire.asyncapi import document
from wire.catalogue import Entry, entries
from wire.catalogue import Field as Described

router = APIRouter(tags=["catalogue"])

Classification = Literal["public", "internal", "personal", "sensitive"]


class TopicField(BaseModel):
    name: str = Field(examples=["tenants"])
    type: str = Field(description="`one of` has `symbols`", examples=["string"])
    optional: bool
    many: bool = Field(description="a list of them")
    identity: bool = Field(description="an identity number; a pseudonym by the time it leaves the door")
    classification: Classification
    zh: str
    en: str
    symbols: list[str]


class TopicKind(BaseModel):
    name: str = Field(examples=["Let"])
    zh: str = Field(examples=["房屋出租"])
    en: str
    fields: list[TopicField]


class Readers(BaseModel):
    views: list[str] = Field(description="views that merge what is stated", examples=[["dwelling"]])
    reached: list[str] = Field(description="views of which those views' rows speak")
    rules: list[str] = Field(description="rules over rows of any of these views", examples=[["newly-let"]])
    sinks: list[str] = Field(description="sinks that read what those publish", examples=[["row-tables"]])


class CataloguedTopic(BaseModel):
    topic: str = Field(examples=["housing.tenancy"])
    department: str = Field(examples=["housing"])
    department_zh: str
    department_en: str
    zh: str
    en: str
    owner: str
    category: str = Field(description="one of the 16 shared categories", examples=["housing"])
    legal_basis: str
    legal_basis_zh: str
    retention: str = Field(description="ISO 8601 duration", examples=["P10Y"])
    subject: str = Field(examples=["dwelling"])
    freshness: str = Field(description="after so long without an event it counts as quiet; ISO 8601", examples=["P1D"])
    limit_seconds: int
    classification: Classification = Field(description="the highest among its fields")
    kinds: list[str]
    readers: Readers
    now: Freshness | None = Field(description="as last asked from the broker; null: not asked yet")


class Catalogue(BaseModel):
    items: list[CataloguedTopic]


class DescribedTopic(BaseModel):
    topic: CataloguedTopic
    head: list[TopicField] = Field(description="what every statement says of itself")
    kinds: list[TopicKind]


Search = Annotated[str, Query(max_length=200, description="words that all stand in the topic's description")]
Filter = Annotated[str | None, Query(max_length=80)]


@router.get("/catalogue", summary="Every topic that departments state facts on")
async def catalogue(
    request: Request,
    caller: AsCaller,
    search: Search = "",
    department: Filter = None,
    category: Filter = None,
    classification: Annotated[Classification | None, Query(description="the highest among a topic's fields")] = None,
) -> Catalogue:
    """Owner, category, legal basis, classification and readers of each topic, its freshness and count."""
    now = await _now(caller)
    wanted = {"department": department, "category": category, "classification": classification}
    matching = [
        entry
        for entry in entries(request.app.state.sinks)
        if entry.matches(search) and all(getattr(entry, name) == value for name, value in wanted.items() if value)
    ]
    return Catalogue(items=[_topic(entry, now) for entry in matching])


@router.get("/catalogue/{topic}", summary="One topic with its fields")
async def topic(
    request: Request,
    caller: AsCaller,
    topic: Annotated[str, Path(max_length=120, pattern=r"^[a-z0-9.-]+$", examples=["housing.tenancy"])],
) -> DescribedTopic:
    """What the topic's statements say, each field with its classification."""
    entry = next((known for known in entries(request.app.state.sinks) if known.topic == topic), None)
    if entry is None:
        raise Refused(NOT_FOUND)
    return DescribedTopic(
        topic=_topic(entry, await _now(caller)),
        head=[_field(field) for field in entry.head],
        kinds=[
            TopicKind(name=kind.name, zh=kind.zh, en=kind.en, fields=[_field(field) for field in kind.fields])
            for kind in entry.kinds
        ],
    )


@router.get("/asyncapi.json", summary="The catalogue as AsyncAPI 3", response_class=JSONResponse)
async def asyncapi(_caller: AsCaller) -> JSONResponse:
    """Every topic as a channel, its message in Avro with CloudEvents headers."""
    return JSONResponse(document())


async def _now(caller: Caller) -> dict[str, Freshness]:
    return {topic.topic: topic for topic in await fresh(caller)}


def _topic(entry: Entry, now: dict[str, Freshness]) -> CataloguedTopic:
    shown: dict[str, Any] = {name: value for name, value in entry._asdict().items() if name not in ("head", "kinds")}
    shown |= {"kinds": [kind.name for kind in entry.kinds], "readers": entry.readers._asdict()}
    return CataloguedTopic(**shown, now=now.get(entry.topic))


def _field(field: Described) -> TopicField:
    return TopicField(**field._asdict())
