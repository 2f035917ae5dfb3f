"""Somebody calls the community doctor by the button of a bracelet."""

from domain.checks import SOMEONE_MET
from domain.rule import Check, Text
from domain.rules._buttons import button_rule
from domain.service_time import plain_minutes

RULE = button_rule(
    "doctor",
    title=Text("手环呼叫医生", "doctor called"),
    why=Text("按下手环医生键，尚无人应答", "the doctor's button was pressed and nobody has answered"),
    severity="urgent",
    respond_within=plain_minutes(30),
    checks=(
        SOMEONE_MET,
        Check("examined", Text("已检查身体？", "Examined?")),
        Check("sent_to_hospital", Text("已送医？", "Sent to hospital?")),
    ),
)
