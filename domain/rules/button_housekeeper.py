"""Somebody calls the housekeeper by the button of a bracelet."""

from domain.checks import SOMEONE_MET, WANTS_HELP
from domain.rule import Check, Text
from domain.rules._buttons import button_rule
from domain.service_time import plain_hours

RULE = button_rule(
    "housekeeper",
    title=Text("手环呼叫管家", "housekeeper called"),
    why=Text("按下手环管家键，尚无人应答", "the housekeeper's button was pressed and nobody has answered"),
    severity="today",
    respond_within=plain_hours(4),
    checks=(
        SOMEONE_MET,
        Check("wish_met", Text("需求已满足？", "Wish met?")),
        WANTS_HELP,
    ),
)
