"""What a move of a task takes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from api.models import Rating, Taken
from api.typed_text import WithoutNumber


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
