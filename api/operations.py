"""What operations ask of the processes that run: the shape of the answer, and who gives it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel, Field

State = Literal["ready", "waiting", "away"]


class Running(BaseModel):
    name: str = Field(description="as `citygrid status` has it", examples=["stage-household"])
    kind: str = Field(examples=["stage"])
    state: State = Field(description="waiting: it runs, and `why` says for what; away: it does not answer")
    why: str | None = Field(description="in the process' own words", examples=["PostgreSQL or Kafka is away"])


class ReaderLag(BaseModel):
    reader: str = Field(description="a stage or sink", examples=["sink-alerts"])
    records: int = Field(description="that it has not read yet, of all its topics", examples=[0])
    topic: str | None = Field(description="the one of which most wait; null: none waits")


class Operation(BaseModel):
    """What runs, as far as it could be asked at `asked_at`."""

    asked_at: datetime
    processes: list[Running]
    readers: list[ReaderLag] | None = Field(
        description="those furthest behind first; null: the clock's process, which asks Kafka for it, does not answer"
    )
    readers_at: datetime | None = Field(description="when Kafka last answered how far each reader is")


class Operations(Protocol):
    """Whoever knows the processes (processes/operations.py); this room does not."""

    async def now(self) -> Operation:
        """At most a few seconds old. Raises nothing: what does not answer is away."""


class Unwatched:
    """Nobody was given the list of processes: the description of the API is made so."""

    async def now(self) -> Operation:
        """No process, and nothing known of readers."""
        return Operation(asked_at=datetime.now().astimezone(), processes=[], readers=None, readers_at=None)
