"""Why somebody may look at a person; the choice is recorded with the look."""

from __future__ import annotations

from api.models import PurposeName

PURPOSES = [
    PurposeName(name="handle_case", zh="办理本案", en="handling this case"),
    PurposeName(name="verify_fact", zh="核实信息", en="verifying a fact"),
    PurposeName(name="answer_citizen", zh="答复本人", en="answering the person"),
    PurposeName(name="supervise", zh="督查", en="supervision"),
]
