"""What the golden city says, as a department's door is given it."""

from producers.publish.statement import Statement
from tests.golden.city import Said


def as_stated(said: Said) -> Statement:
    """Without the event id, which the door makes."""
    return Statement(
        kind=said.kind,
        record=said.record,
        subject=said.subject,
        occurred_at=said.occurred_at,
        recorded_at=said.recorded_at,
        change=said.change,
        withdrawn=said.withdrawn,
        sequence=said.sequence,
    )
