"""A record that was sent back names where it stood; a department's own login may write that header, too."""

from __future__ import annotations

from typing import Any

import pytest

from stream_apps import aside


class Record:
    """What a stage asks of a Message."""

    def __init__(self, replay_of: bytes | None) -> None:
        self._headers = [("replay_of", replay_of)]

    def headers(self) -> list[tuple[str, bytes | None]]:
        return self._headers

    def topic(self) -> str:
        return "t.police.household-registration"

    def partition(self) -> int:
        return 1

    def offset(self) -> int:
        return 20

    def key(self) -> bytes:
        return b"k1.x"


def sent_back(replay_of: bytes | None) -> Any:
    record: Any = Record(replay_of)
    return aside._sent_back(record)


def test_it_names_where_it_stood() -> None:
    name = sent_back(b"t.police.household-registration:0:7")
    assert (name.topic, name.partition, name.offset) == ("t.police.household-registration", 0, 7)


@pytest.mark.parametrize(
    "header",
    [
        None, b"", b"nonsense", b"a:b:c", b"\xff\xfe", b"t.police.household-registration:0:-1",
        b"t.police.household-registration:0:99999999999999999999", b"t.housing.tenancy:0:7",
    ],
)  # fmt: skip
def test_whatever_else_stands_there_is_no_reason_to_stop(header: bytes | None) -> None:
    assert sent_back(header) is None
