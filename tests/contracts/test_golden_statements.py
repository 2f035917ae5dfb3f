"""The golden city states only what a department's door takes: else its faults are found an hour later, end to end."""

import pytest

from producers.publish.statement import Checked, InvalidStatement
from tests.golden.city import DAY, NOW, SMALLER, WHOLE, golden_city
from tests.golden.stating import as_stated
from wire.contracts import contracts
from wire.pseudonym import Pseudonyms

YEAR = 366 * DAY
"""What the city states of the days to come is stated then."""


@pytest.mark.parametrize(("residents", "events"), [WHOLE, SMALLER])
def test_every_statement_is_taken_at_the_door(residents: int, events: int) -> None:
    doors = {topic: Checked(contract, Pseudonyms(bytes(32))) for topic, contract in contracts().items()}
    refused, stated_as = set(), dict[str, str]()
    for stated in golden_city(3, residents, events):
        try:
            ready = doors[stated.topic].ready(as_stated(stated), NOW + YEAR)
        except InvalidStatement as invalid:
            refused.add((stated.topic, stated.kind, str(invalid)))
        else:
            assert stated_as.setdefault(ready.event_id, stated.event_id) == stated.event_id, "two become one event"
    assert refused == set()
