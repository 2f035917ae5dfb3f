"""Random walks over the case's life: whoever acts at the same time, one owner, a whole history, no observation lost."""

from __future__ import annotations

import secrets
from collections import Counter

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.integration.database.walk import Walk
from tests.integration.database.walk_history import History
from tests.integration.database.walks import walk
from tests.integration.database.world import World

BROKEN = {
    "a line of the history is lost": "DELETE FROM city.task_event e WHERE (task, number) = (SELECT task, number FROM"
    " city.task_event f WHERE f.move = 'acknowledge' ORDER BY task, number LIMIT 1)",
    "a visit was moved in time": "UPDATE city.task_event SET happened_at = happened_at - interval '1 second'"
    " WHERE move IN ('complete', 'observe')",
    "an observation is lost": "DELETE FROM city.observation WHERE because <> 'sent_back'",
    "what was seen is another's": "UPDATE city.observation SET note = 'nothing'",
    "a statement is lost": "DELETE FROM city.outbox WHERE id = (SELECT max(id) FROM city.outbox"
    " WHERE topic = 'grid.observation')",
    "a statement was made twice": "INSERT INTO city.outbox (topic, statement) SELECT topic, statement FROM city.outbox"
    " WHERE topic = 'grid.observation' LIMIT 1",
    "a task has another owner": "UPDATE city.task SET claimed_by = (SELECT id FROM city.account WHERE scope = '440113')"
    " WHERE claimed_by IS NOT NULL",
    "an illegal move changed something": "UPDATE city.task SET revision = revision + 1",
    "somebody else acknowledged it": "UPDATE city.task_event e SET actor = (SELECT a.id FROM city.account a"
    " WHERE a.id <> e.actor LIMIT 1) WHERE move = 'acknowledge'",
}
"""What a product with a fault would have left in the tables."""


@pytest.mark.parametrize("_", range(2))
def test_whoever_acts_at_the_same_time_nothing_is_lost(world: World, _: int) -> None:
    seed, did = secrets.randbelow(2**32), Counter[str]()
    faults = walk(world, seed, did)
    assert not faults, f"python -m tests.integration.database.walks --seed {seed}: {faults}"
    # a walk without a completion is rare, and none is without a visit
    assert min(did["accepted"], did["refused"], did["observation"]) > 0, (seed, did)


def test_what_would_be_wrong_is_seen(world: World) -> None:
    one = Walk(world, secrets.randbelow(2**32))
    one.run()
    said = [answer for person in one.people for answer in person.said]
    released = sum(person.released for person in one.people)
    with psycopg.connect(world.database.admin, row_factory=dict_row) as admin:
        admin.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys mend or refuse it
        assert not History(admin).faults(said, released), one.seed
        unseen = []
        for what, statement in BROKEN.items():
            with admin.transaction(force_rollback=True):
                assert admin.execute(statement).rowcount > 0, (one.seed, what)
                if not History(admin).faults(said, released):
                    unseen.append(what)
        assert not unseen, one.seed


ITS = "SELECT * INTO its FROM city.task t WHERE t.id = its_id"


@pytest.mark.parametrize(
    ("function", "held", "unheld"),
    [
        ("move_task", "WHERE t.id = its_id FOR UPDATE", "WHERE t.id = its_id"),
        # held twice: by its finding, as whatever completes, and by itself, as whatever moves
        ("visit", f"PERFORM city.hold_finding(its_id);\n    {ITS} FOR UPDATE", ITS),
        ("visit", "e.request = request_id OR", "e.request = gen_random_uuid() OR"),
    ],
)
def test_a_product_that_is_broken_is_seen(world: World, function: str, held: str, unheld: str) -> None:
    with world.looking() as admin:
        row = admin.execute(
            "SELECT pg_get_functiondef(oid) AS its FROM pg_proc WHERE oid::regproc::text = %s", (f"city.{function}",)
        ).fetchall()[0]
        assert row["its"].count(held) == 1
        admin.execute(row["its"].replace(held, unheld))
    assert walk(world, secrets.randbelow(2**32))
