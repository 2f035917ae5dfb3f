"""More tenants than the floor area allows.

The limit is data: docs/decisions/0007-overcrowding.md says where it comes from and what it leaves open.
"""

from collections.abc import Iterator

from domain.checks import EXITS_CLEAR, GAS_AND_WIRING_SAFE, NUMBER_AS_STATED, ROOMS_PARTITIONED
from domain.rule import Check, Finding, Rule, Text
from domain.rules.newly_let import look_again
from domain.service_time import plain_hours
from domain.views.dwelling import Dwelling

LEAST_M2_PER_TENANT = 5.0
"""Square metres of floor area for each tenant. Source: docs/decisions/0007-overcrowding.md"""


def area_per_tenant(floor_area_m2: float, tenants: int) -> float:
    """Floor area for each tenant (m²/person). Raises ValueError unless both are positive."""
    if floor_area_m2 <= 0 or tenants <= 0:
        raise ValueError("floor area and number of tenants must be positive")
    return floor_area_m2 / tenants


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    if not home.leases:
        return
    entry = home.entry
    leases = [lease for lease in home.tenancies() if lease.in_force(now)]
    tenants = {tenant for lease in leases for tenant in lease.tenants}
    if entry is None or not entry.value.floor_area_m2 or entry.value.floor_area_m2 < 0 or not tenants:
        return
    share = area_per_tenant(entry.value.floor_area_m2, len(tenants))
    if share < LEAST_M2_PER_TENANT:
        area = f"{share:.1f} m²"
        why = Text(
            f"{len(tenants)} 名租客，人均 {area}，低于 {LEAST_M2_PER_TENANT:g} m²",
            f"{len(tenants)} tenants, {area} each, the least is {LEAST_M2_PER_TENANT:g} m²",
        )
        because = (entry.source, *(source for lease in leases for source in lease.because))
        yield Finding(entry.record, why, because)


RULE = Rule(
    "over-occupied",
    title=Text("出租屋超员", "rental over-occupied"),
    view="dwelling",
    version=1,
    severity="urgent",  # crowded rentals are where people die in fires
    domain="housing",
    respond_within=plain_hours(24),
    check=check,
    look_again=look_again,
    resolved=Text("居住人数已符合标准", "the number of tenants is within the limit again"),
    checks=(
        NUMBER_AS_STATED,
        ROOMS_PARTITIONED,
        EXITS_CLEAR,
        GAS_AND_WIRING_SAFE,
        Check("landlord_told", Text("已告知房东？", "Was the landlord told?")),
    ),
)
