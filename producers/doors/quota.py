"""How many identity numbers a department's key may state in a day.

Who holds a key states a number, and who reads Kafka as well sees which pseudonym it became; a city's numbers are known
or can be counted through. So what one key may state in a day is bounded, over all gateways and restarts (PostgreSQL
counts), and told before it is used up (docs/decisions/0032-logins.md).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from producers.doors.answers import QUOTA_USED
from producers.doors.keys import Holder
from producers.publish.statement import Ready
from runtime.http.gate import retry_after
from runtime.http.problems import Refused
from runtime.metrics import KEY_DAY_SHARE, KEY_QUOTA_REFUSED
from wire.contracts import Contract

if TYPE_CHECKING:
    from producers.doors.door import Pool

log = structlog.get_logger("citygrid.doors")

STATES = "SELECT taken, today, at_most, seconds_left FROM city.key_states(%s, %s, %s)"
TOLD_FROM = 0.8
"""Of a day's numbers, as in infra/prometheus/rules/alerts.yml."""


def numbers_in(contract: Contract, statements: Sequence[Ready]) -> int:
    """How many identity numbers the statements name; one without any counts as one."""
    return sum(max(1, _numbers(contract, ready)) for ready in statements)


def _numbers(contract: Contract, ready: Ready) -> int:
    kind, change = ready.statement.kind, ready.statement.change
    named = [change.get(field) for field in contract.identity_fields[kind]]
    listed = sum(len(value) if isinstance(value, list | tuple) else value is not None for value in named)
    return listed + contract.subject_is_identity


class DailyQuota:
    """The quotas of all keys. `usual`: that of a key without one of its own."""

    def __init__(self, pool: Pool, usual: int) -> None:
        self._pool = pool
        self._usual = usual
        self._told: dict[str, float] = {}

    async def take(self, holder: Holder, numbers: int) -> None:
        """Count `numbers`. Raises Refused (429, until the city's midnight) if they are more than the key has left."""
        taken, today, at_most, left = await self._states(holder, numbers)
        self._tell(holder, today / at_most, left)
        if not taken:
            KEY_QUOTA_REFUSED.labels(holder.department).inc()
            log.warning("key_quota_refused", department=holder.department, key_id=holder.key_id, at_most=at_most)
            raise Refused(QUOTA_USED, headers=retry_after(left))

    async def give_back(self, holder: Holder, numbers: int) -> None:
        """They were not delivered and will be sent again: an outage must not use up a day."""
        await self._states(holder, -numbers)

    async def _states(self, holder: Holder, numbers: int) -> tuple[bool, int, int, int]:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(STATES, (holder.key_id, numbers, self._usual))).fetchone()
        if row is None:
            raise AssertionError("the function returns one row")
        taken, today, at_most, left = row
        return taken, today, at_most, left

    def _tell(self, holder: Holder, share: float, seconds_left: int) -> None:
        """Show the share until the day is over; say once a day in the log that it is nearly used up."""
        over = time.time() + seconds_left
        gauge = KEY_DAY_SHARE.labels(holder.department, holder.key_id)
        gauge.set_function(lambda: share if time.time() < over else 0.0)
        if share >= TOLD_FROM and time.time() > self._told.get(holder.key_id, 0.0):
            self._told[holder.key_id] = over
            log.warning("key_quota_nearly_used", department=holder.department, key_id=holder.key_id)
