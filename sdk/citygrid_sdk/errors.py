"""What may go wrong between a department's program and the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class GatewayTrouble(Exception):
    """The gateway did not do what was asked; the message says what to do."""


class KeyRefused(GatewayTrouble):
    """The gateway does not take this key, or the key is not for this contract. Ask the city's operator for another."""


class Away(GatewayTrouble):
    """The gateway did not take the statements within the patience given. Send them again: nothing doubles."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one statement cannot be taken. `index` counts the statements given to `publish`, from 0; `field` is the field
    of the statement; `reason` never repeats its value."""

    index: int
    field: str
    reason: str


class Refused(GatewayTrouble):
    """Some statements break their contract, and nothing of their batch was taken.

    `problems` says which and why. `taken` are the event ids of the batches before it, which the city has.
    """

    def __init__(self, message: str, problems: Sequence[Problem], taken: Sequence[str]) -> None:
        super().__init__(message)
        self.problems = tuple(problems)
        self.taken = tuple(taken)
