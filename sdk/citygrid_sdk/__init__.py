"""State facts to a city's citygrid from a department's own programs: `Gateway`, `Statement` and what may go wrong."""

from citygrid_sdk.errors import Away, GatewayTrouble, KeyRefused, Problem, Refused
from citygrid_sdk.gateway import Gateway
from citygrid_sdk.statement import Statement

__all__ = ["Away", "Gateway", "GatewayTrouble", "KeyRefused", "Problem", "Refused", "Statement"]
