"""The one table of a task's legal moves. PostgreSQL holds the same in `city.legal_move` (compared by a test)."""

from __future__ import annotations

from typing import Literal, NamedTuple

State = Literal["dispatched", "acknowledged", "suspended", "completed", "closed"]
Move = Literal["claim", "acknowledge", "complete", "hand_over", "suspend", "resume", "reroute", "close"]
ByWhom = Literal["holder", "anybody", "system"]

OPEN: tuple[State, ...] = ("dispatched", "acknowledged", "suspended")


class Legal(NamedTuple):
    """One legal move. `to` None: back to the state before it was suspended. `by` holder: who claimed it (a command
    centre may hand over, suspend and resume any); anybody: also while nobody holds it; system: no person."""

    move: Move
    start: State
    to: State | None
    by: ByWhom
    needs_reason: bool


LEGAL = (
    Legal("claim", "dispatched", "dispatched", "anybody", False),
    Legal("acknowledge", "dispatched", "acknowledged", "anybody", False),
    Legal("complete", "acknowledged", "completed", "holder", False),
    Legal("hand_over", "dispatched", "dispatched", "anybody", True),
    Legal("hand_over", "acknowledged", "dispatched", "holder", True),
    Legal("suspend", "dispatched", "suspended", "anybody", True),
    Legal("suspend", "acknowledged", "suspended", "holder", True),
    Legal("resume", "suspended", None, "holder", True),
    Legal("reroute", "dispatched", "dispatched", "system", False),
    Legal("reroute", "suspended", "suspended", "system", False),
    Legal("close", "dispatched", "closed", "system", True),
    Legal("close", "acknowledged", "closed", "system", True),
    Legal("close", "suspended", "closed", "system", True),
)


def legal(move: str, state: str) -> Legal | None:
    """The legal move of this name from this state, if there is one."""
    return next((each for each in LEGAL if each.move == move and each.start == state), None)


def moves_of_people(state: str) -> list[Move]:
    """What a person may do with a task in this state, in the order of a form."""
    return [each.move for each in LEGAL if each.start == state and each.by != "system"]
