"""A hazard at a facility that was reported and is not repaired. Times: docs/decisions/0014-warnings-and-companies.md"""

from domain.checks import FENCED_OFF, HAZARD_THERE, OWNER_TOLD
from domain.rule import Text
from domain.rules._hazards import hazard_rule
from domain.service_time import working_days

RULE = hazard_rule(
    "facility-hazard",
    Text("部件隐患", "facility hazard"),
    urgent=False,
    severity="planned",
    respond_within=working_days(3),
    checks=(
        HAZARD_THERE,
        FENCED_OFF,
        OWNER_TOLD,
    ),
)
