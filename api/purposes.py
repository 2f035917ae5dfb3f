"""Why somebody may look at a person, in words; the choice is recorded with the look. Who may give which purpose is the
table `city.purpose` of the database."""

from __future__ import annotations

from api.session_models import PurposeName

_WORDS = (
    PurposeName(name="handle_case", zh="办理本案", en="handling this case"),
    PurposeName(name="verify_fact", zh="核实信息", en="verifying a fact"),
    PurposeName(name="answer_citizen", zh="答复本人", en="answering the person"),
    PurposeName(name="supervise", zh="督查", en="supervision"),
)
PURPOSES: dict[str, PurposeName] = {purpose.name: purpose for purpose in _WORDS}
