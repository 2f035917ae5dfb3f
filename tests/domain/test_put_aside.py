"""Law 5: records put aside are lifted in their order, and the row says so until the last is back."""

from typing import Any

from domain.put_aside import resumed, with_aside
from domain.step import NOT_JUDGED, unjudged
from domain.view import PutAside
from domain.views.household import VIEW

TOPIC = "contributions.household"
FIRST, SECOND = PutAside(TOPIC, 0, 4, "H\nresident/a"), PutAside(TOPIC, 0, 9, "H\nresident/a")
OTHER = PutAside(TOPIC, 0, 6, "H\nresident/b")


def waiting() -> Any:
    row = VIEW.row("H")
    for record in (FIRST, OTHER, SECOND, FIRST):
        row = with_aside(row, record)
    return row


def test_each_record_waits_once_in_the_order_in_which_it_came() -> None:
    assert waiting().bookkeeping.put_aside == (FIRST, OTHER, SECOND)


def test_an_older_record_of_a_key_is_merged_before_a_newer_one() -> None:
    row = waiting()
    assert resumed(row, None) is None, "what comes for the first time waits too"
    assert resumed(row, SECOND) is None
    after = resumed(row, OTHER)
    assert after is not None
    assert after.bookkeeping.put_aside == (FIRST, SECOND), "another source may come back before"


def test_what_fails_again_keeps_its_place() -> None:
    again = FIRST._replace(offset=12)
    row = with_aside(waiting(), again, FIRST)
    assert row.bookkeeping.put_aside == (again, OTHER, SECOND)
    assert resumed(row, SECOND) is None
    for record in (again, SECOND, OTHER):
        row = resumed(row, record)
        assert row is not None
    assert row.bookkeeping.put_aside == ()


def test_a_row_of_which_records_wait_is_unknown() -> None:
    row = unjudged(VIEW, (), waiting(), 0).row
    assert (row.bookkeeping.judged_by, len(row.bookkeeping.put_aside)) == (NOT_JUDGED, 3)
