"""Texts that people type, before anything of them is stored: no identity number in any of them (docs/security.md).

What somebody asks of others (a reason, an instruction) is refused and can be typed again at once. What somebody saw is
kept: the number alone is replaced, and the answer says so.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from wire.values.identity_finder import holds_identity_number


def _refused(text: str) -> str:
    if holds_identity_number(text):
        raise PydanticCustomError("identity_number", "holds an identity number")
    return text


WithoutNumber = Annotated[str, AfterValidator(_refused)]
"""A text that is refused with its field if an identity number stands in it."""
