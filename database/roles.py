"""The roles that an account may have; the table `city.account` checks the same."""

from typing import Literal

Role = Literal["grid_worker", "command_centre", "department", "ops", "admin"]
