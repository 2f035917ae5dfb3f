"""A device as its maker would write it: it signs by the standard library alone, as docs/how-to/devices.md says."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass
class Simulated:
    """One device with its key; `message` counts."""

    department: str
    name: str
    key: str
    sequence: int = 0

    def message(
        self, kind: str, change: dict[str, Any], *, sent_at: datetime | None = None, sequence: int | None = None
    ) -> Signed:
        """The next message, signed now, or at another time or with another number."""
        self.sequence = self.sequence + 1 if sequence is None else sequence
        body = {"kind": kind, "occurred_at": "2026-03-01T08:00:00+08:00", "change": change}
        return self.signed(json.dumps(body).encode(), sent_at)

    def signed(self, body: bytes, sent_at: datetime | None = None) -> Signed:
        """`body`, signed with the number that the device has reached."""
        moment = (sent_at or datetime.now(UTC)).isoformat()
        lines = ("citygrid-1", self.department, self.name, str(self.sequence), moment)
        text = "".join(f"{line}\n" for line in lines).encode() + body
        return Signed(body, str(self.sequence), moment, hmac.new(self.key.encode(), text, hashlib.sha256).hexdigest())


@dataclass(frozen=True)
class Signed:
    """What travels."""

    body: bytes
    sequence: str
    sent_at: str
    signature: str

    def headers(self, device: str) -> dict[str, str]:
        """As the HTTP door takes it."""
        return {
            "content-type": "application/json",
            "citygrid-device": device,
            "citygrid-sequence": self.sequence,
            "citygrid-sent-at": self.sent_at,
            "citygrid-signature": self.signature,
        }
