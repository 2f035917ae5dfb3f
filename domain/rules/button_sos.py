"""Somebody asks for help by the SOS button of a bracelet."""

from domain.checks import AMBULANCE_CALLED, HURT, RELATIVES_TOLD, SOMEONE_MET
from domain.rule import Text
from domain.rules._buttons import button_rule
from domain.service_time import plain_minutes

RULE = button_rule(
    "sos",
    title=Text("手环紧急求助", "SOS button"),
    why=Text("按下手环紧急求助键，尚无人应答", "the SOS button was pressed and nobody has answered"),
    severity="urgent",
    respond_within=plain_minutes(5),
    checks=(
        SOMEONE_MET,
        HURT,
        AMBULANCE_CALLED,
        RELATIVES_TOLD,
    ),
)
