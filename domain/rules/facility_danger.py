"""An urgent hazard at a facility: somebody may be hurt before the day is over (a manhole without its cover)."""

from domain.checks import FENCED_OFF, HAZARD_THERE, OWNER_TOLD
from domain.rule import Text
from domain.rules._hazards import hazard_rule
from domain.service_time import plain_hours

RULE = hazard_rule(
    "facility-danger",
    Text("部件紧急隐患", "urgent facility hazard"),
    urgent=True,
    severity="urgent",
    respond_within=plain_hours(2),  # docs/decisions/0014-warnings-and-companies.md
    checks=(
        HAZARD_THERE,
        FENCED_OFF,
        OWNER_TOLD,
    ),
)
