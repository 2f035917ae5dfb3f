"""Web Push: what a page is told, and what it says of the browser's subscription."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from api.models import Taken
from runtime.push_services import LONGEST_ENDPOINT

_POINT_BYTES, _SECRET_BYTES = 65, 16


def _point(text: str) -> str:
    """An uncompressed point of P-256, as `PushSubscription.getKey("p256dh")` gives it."""
    if len(point := _bytes(text)) != _POINT_BYTES or point[0] != 4:
        raise ValueError("must be the browser's public key")
    return text


def _secret(text: str) -> str:
    if len(_bytes(text)) != _SECRET_BYTES:
        raise ValueError("must be the browser's secret")
    return text


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be Base64 for addresses, without `=`") from None


class PushState(BaseModel):
    key: str | None = Field(
        description="`applicationServerKey` of this installation; null: nobody like the caller is sent a push"
    )
    subscribed: bool = Field(description="this session's browser is")


class PushKeys(Taken):
    p256dh: Annotated[str, AfterValidator(_point)] = Field(max_length=100)
    auth: Annotated[str, AfterValidator(_secret)] = Field(max_length=32)


class PushSubscription(Taken):
    """As `PushSubscription.toJSON()` of the browser says it."""

    endpoint: str = Field(
        max_length=LONGEST_ENDPOINT, examples=["https://updates.push.services.mozilla.com/wpush/v2/gAAAA"]
    )
    keys: PushKeys
