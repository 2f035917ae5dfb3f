"""The devices' HTTP door: one signed message a request."""

from __future__ import annotations

import time
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from producers.doors.answers import NO_DEVICE, NOT_FOUND, TAKEN_ALREADY, TOO_FAR_AHEAD, ItemError, json_only
from producers.doors.device_messages import (
    DOORS,
    HELD,
    LONGEST_BODY,
    PROVEN,
    TOOK,
    Accepted,
    Device,
    Message,
    MessageRefused,
    Messages,
)
from producers.doors.door import Door, door_of
from producers.publish.chinese import in_chinese
from runtime import metrics
from runtime.http import problems
from runtime.http.gate import retry_after
from runtime.http.language import Say
from runtime.http.problems import INVALID, TOO_LARGE, TOO_MANY, Refused

log = structlog.get_logger("citygrid.devices")
router = APIRouter(tags=["devices"])

HEADERS = {
    "Citygrid-Device": "the device, as it was registered",
    "Citygrid-Sequence": "its number of this message, from 1; each is higher than the last",
    "Citygrid-Sent-At": "when it was signed, ISO 8601 with its zone",
    "Citygrid-Signature": "HMAC-SHA-256 in 64 hexadecimal digits, see docs/how-to/devices.md",
}


class TakenMessage(BaseModel):
    """The message is in Kafka."""

    event_id: str = Field(description="the event that it became")


@router.post(
    "/v1/devices/{department}/messages",
    status_code=202,
    summary="State what a device saw",
    dependencies=[Depends(json_only)],
)
async def take(
    request: Request, department: Annotated[str, Path(description="door-access or bracelet")]
) -> TakenMessage:
    """Takes one signed message of a device, once. 202: the city's brokers have it. 409: it, or a later one, was taken
    before. On 503 send the same message again."""
    door = door_of(request)
    if department not in DOORS or DOORS[department].topic not in door.forms:
        raise Refused(NOT_FOUND)
    body = await request.body()
    if len(body) > LONGEST_BODY:
        raise Refused(
            TOO_LARGE, detail=Say(f"消息最长 {LONGEST_BODY} 字节。", f"A message has at most {LONGEST_BODY} bytes.")
        )
    device, sequence, sent_at, signature = (request.headers.get(name, "") for name in HEADERS)
    message = Message(department, device, sequence, sent_at, signature, body)
    try:
        accepted = await _taken(door, message)
    except MessageRefused as refused:
        tell("http", message, refused.reason)
        raise _answer(refused) from None
    tell("http", message, "accepted")
    return TakenMessage(event_id=accepted.ready.event_id)


async def _taken(door: Door, message: Message) -> Accepted:
    """The message, in Kafka and counted in PostgreSQL. Raises MessageRefused, Refused, Away."""
    messages = Messages(door.forms, door.device_keys, door.settings.device_window_seconds)
    async with door.pool_of(message.department).connection() as connection, connection.transaction():
        # held until Kafka has the event: killed in between, the device's number is free and the same event comes again
        row = await (await connection.execute(HELD, (Message.devices([message]),))).fetchone()
        accepted = messages.accept(message, Device(*row) if row else None, time.time_ns() // 1000)
        if wait := door.devices.wait(message.device):
            raise Refused(TOO_MANY, headers=retry_after(wait))
        await door.relay.deliver(accepted.topic, [accepted.ready])
        await connection.execute(TOOK, (message.device, accepted.sequence, accepted.sent_at))
    return accepted


def tell(door: str, message: Message, outcome: str) -> None:
    """Count a message and, if it was refused, say so in the log: why, never what, and which device only if its
    signature was right: any other name may be anything."""
    known = message.department if message.department in DOORS else "(none)"
    metrics.DEVICE_MESSAGES.labels(door, known, outcome).inc()
    if outcome != "accepted":
        device = message.device if outcome in PROVEN else None
        log.warning("device_message_refused", door=door, department=known, device=device, reason=outcome)


REFUSALS = {"taken_already": TAKEN_ALREADY, "jumped_ahead": TOO_FAR_AHEAD}


def _answer(refused: MessageRefused) -> Refused | DeviceProblem:
    if refused.error:
        return DeviceProblem(
            ItemError(
                index=0,
                field=refused.error.field,
                reason=refused.error.reason,
                reason_zh=in_chinese(refused.error.reason),
            )
        )
    return Refused(REFUSALS.get(refused.reason, NO_DEVICE))


class DeviceProblem(Exception):
    """The message breaks its contract: answered by 422 with the field."""

    def __init__(self, error: ItemError) -> None:
        super().__init__("invalid")
        self.error = error


def answer_problem(request: Request, problem: Exception) -> Response:
    """The 422 of a DeviceProblem."""
    errors = [problem.error] if isinstance(problem, DeviceProblem) else []
    language = problems.language_of(request)
    return problems.answer(INVALID, language, request.state.request_id, errors=errors)
