"""A department's batch: read whole, every bad statement named, or nothing of it taken."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

from producers.doors.answers import ItemError
from producers.publish.chinese import in_chinese
from producers.publish.json_form import JsonForm, NotJson, parsed
from producers.publish.live_reporting import RefusedStatement
from producers.publish.statement import Checked, InvalidStatement, Ready, record_on_the_wire
from runtime.http.language import Say
from runtime.http.problems import BAD_REQUEST, INVALID, TOO_LARGE, Kind
from wire.contracts import Contract
from wire.pseudonym import Pseudonyms

LARGEST_EVENT = 900_000
"""Bytes on the wire, about: librdkafka sends, and brokers take, records of up to 1 MB."""
COULD_BE_LARGE = 300_000
"""A body shorter than this holds no such event: a pseudonym is at most three times as long as its number."""


class BatchRefused(Exception):
    """Nothing of the batch was taken; it is answered by the problem `kind` with `detail` and `errors`."""

    def __init__(
        self,
        kind: Kind,
        detail: Say | None = None,
        errors: Sequence[ItemError] = (),
        statements: Sequence[RefusedStatement] = (),
    ) -> None:
        super().__init__(kind.name)
        self.statements = statements
        self.kind = kind
        self.detail = detail
        self.errors = errors


class Form:
    """How statements of one contract come in and what they become. Safe to use from several threads."""

    def __init__(self, contract: Contract, pseudonyms: Pseudonyms) -> None:
        self.contract = contract
        self.json = JsonForm(contract)
        self.checked = Checked(contract, pseudonyms)

    def batch(self, body: bytes, at_most: int) -> list[Ready]:
        """Every statement of `body`, ready for the wire. Raises BatchRefused if one of them, or the whole, is wrong."""
        document = json_of(body)
        if not isinstance(document, list) or not document:
            raise BatchRefused(
                INVALID,
                Say(
                    "正文须为非空的 JSON 数组，每项一条陈述。", "The body is a JSON array with at least one statement."
                ),
            )
        if len(document) > at_most:
            raise BatchRefused(
                TOO_LARGE, Say(f"一次最多 {at_most} 条陈述。", f"A request takes at most {at_most} statements.")
            )
        now = time.time_ns() // 1000
        ready: list[Ready] = []
        bad: list[RefusedStatement] = []
        errors: list[ItemError] = []
        for index, item in enumerate(document):
            try:
                made = self.checked.ready(self.json.statement(item), now)
                if len(body) > COULD_BE_LARGE:
                    refuse_large(made)
            except InvalidStatement as wrong:
                bad.append(_refused(self.contract, index, item, wrong))
                errors += _errors(index, self.json.faults(item) or [wrong])
            else:
                ready.append(made)
        if errors:
            raise BatchRefused(
                INVALID,
                Say(
                    f"{len(document)} 条中有 {len(bad)} 条不合契约，整批未接受；请按 errors 修改后重发。",
                    f"{len(bad)} of {len(document)} statements break the contract, and none was taken: mend them as "
                    "`errors` says and send all again.",
                ),
                errors,
                bad,
            )
        return ready


def _refused(contract: Contract, index: int, item: object, wrong: InvalidStatement) -> RefusedStatement:
    stated: Mapping[str, object] = item if isinstance(item, dict) else {}
    record = record_on_the_wire(contract, stated.get("record"))
    return RefusedStatement(str(index), wrong.field, wrong.reason, record, stated.get("kind"))


def _errors(index: int, faults: Sequence[InvalidStatement]) -> list[ItemError]:
    return [
        ItemError(index=index, field=fault.field, reason=fault.reason, reason_zh=in_chinese(fault.reason))
        for fault in faults
    ]


def json_of(body: bytes) -> object:
    """The value that a body holds. Raises BatchRefused."""
    try:
        value: object = parsed(body)
    except NotJson as wrong:
        raise BatchRefused(
            BAD_REQUEST,
            Say(
                f"正文须为 UTF-8 编码的 JSON(RFC 8259)：{in_chinese(str(wrong))}。",
                f"The body must be JSON (RFC 8259) in UTF-8; it {wrong}.",
            ),
        ) from None
    return value


def refuse_large(ready: Ready) -> None:
    """Raises InvalidStatement if the event would be larger than a broker takes."""
    # JSON is never shorter than Avro: what is small enough here is small enough there.
    if len(json.dumps(ready.statement, ensure_ascii=False).encode()) > LARGEST_EVENT:
        raise InvalidStatement("change", f"makes an event of more than {LARGEST_EVENT} bytes; state it in parts")
