"""What the doors report of what was handed over: which lines wait, which are mended, and nothing of a line in it."""

from __future__ import annotations

import pytest

from producers.publish.waiting_lines import WaitingLines
from tests.contracts.people import number
from wire import door_reports
from wire.codec import encoder
from wire.door_reports import LineKey, OpenLine, Publication

POLICE = "police.household-registration"
LINE = OpenLine("police", "file", "户籍变动.csv", "7", "户号", "is empty", 1, POLICE, "HK-1", "MovedIn")


def test_a_line_is_mended_by_an_event_of_its_record_and_kind_unless_it_was_rejected_again() -> None:
    lease = "housing.tenancy"
    keys = [LineKey(lease, "ZL-1", "Let"), LineKey(lease, "ZL-2", ""), LineKey(lease, "ZL-3", "Let")]
    waiting = WaitingLines(keys)
    waiting.published(lease, "TenancyEnded", "ZL-1")
    waiting.published("housing.dwelling-safety", "Let", "ZL-1")
    assert waiting.mended() == set(), "the end of a lease does not mend its beginning"
    waiting.published(lease, "Renewed", "ZL-2")
    waiting.published(lease, "Let", "ZL-3")
    waiting.rejected(lease, None, "ZL-3")
    assert waiting.mended() == {keys[1]}
    waiting.published(lease, "Let", "ZL-1")
    assert waiting.mended() == set(keys[:2])


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        ("HK-1", True),
        ("J440113-2026-000001", True),
        (None, False),
        ("王某某", False),
        (number(3), False),
        (f"{number(3)}42", False),
        ("HK", False),
        ("HK-1\n", False),
        ("7" * 80, False),
    ],
)
def test_a_number_is_shown_only_if_it_can_be_no_persons(record: str | None, shown: bool) -> None:
    assert door_reports.shown_record(record) == (record if shown else None)


def test_a_report_is_written_and_read_again_and_its_key_begins_with_the_department() -> None:
    encode = encoder(7, door_reports.schema())
    publication = Publication("police", "file", "a.csv", 5, 3, {"MovedIn": 2}, [("户号", "is empty", 1)], day=None)
    for report in (LINE, publication):
        assert report.key.startswith(b"police\n")
        assert encode(report.fields())
    assert door_reports.open_line(LINE.key, LINE.fields()) == LINE
    assert door_reports.open_line(publication.key, publication.fields()) is None
    assert door_reports.open_line(b"police\nline\nanother", LINE.fields()) is None
    same = OpenLine("police", "gateway", POLICE, "0", "household", "is empty", 9, POLICE, "HK-1", "MovedIn")
    assert same.key == LINE.key, "a record that is rejected at another door is the same line to be mended"


def test_neither_a_files_name_nor_a_reason_for_refusing_it_holds_a_persons_number() -> None:
    who = number(9)
    assert who not in door_reports.shown_name(f"{who}的户籍.csv")
    refused = Publication("police", "file", "a.csv", 5, refused=f"a.csv: the column {who} stands 2 times").fields()
    assert who not in refused["publication"]["refused"]
