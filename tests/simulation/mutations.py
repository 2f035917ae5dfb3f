"""Mistakes that were planted in copies of `domain/` and `stream_apps/`, to see whether the simulator finds them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("domain", "stream_apps")


class Mutation(NamedTuple):
    """In `file`, `text` becomes `wrong`: a mistake that somebody could make.

    `first`: from which seed on it is looked for. Few histories show it, and one of today's contracts stands there;
    where a contract is added they are all drawn anew, and the search takes longer.
    """

    name: str
    file: str
    text: str
    wrong: str
    first: int = 0


MUTATIONS = (
    Mutation(
        "what arrives last holds, whenever it was recorded",
        "domain/facts.py",
        "if supersedes(new, old) else fact",
        "if new != old else fact",
    ),
    Mutation(
        "a withdrawn statement counts",
        "domain/facts.py",
        "return latest(s for s in fact if not s.withdrawn)",
        "return latest(fact)",
    ),
    Mutation(
        "what a row no longer says about others is not taken back",
        "domain/step.py",
        "changes += [(other, target, None) for other, target in sorted(before, key=itself)]",
        "pass",
    ),
    Mutation(
        "a finding that is over is resolved in the row, and nobody is told",
        "domain/step.py",
        "alerts.append(_resolution(view, gone, row, old, now, touched, ended))",
        "pass",
    ),
    Mutation(
        "a finding is known although the topic it rests on is quiet",
        "domain/step.py",
        "return not rule.needs.isdisjoint(quiet)",
        "return False",
    ),
    Mutation(
        "a row does not remember by which rules it was judged",
        "domain/step.py",
        "Bookkeeping(contributed, noted, due, ruleset(view, rules, live_since), book.superseded, book.put_aside)",
        'Bookkeeping(contributed, noted, due, "", book.superseded, book.put_aside)',
    ),
    Mutation(
        "what was resolved long ago is not deleted",
        "domain/step.py",
        "forget.append(old.finding_id)",
        "pass",
    ),
    Mutation(
        "a row that was touched before the first tick is not due at it",
        "domain/step.py",
        "book._replace(contributed=contributed, due_at=0)",
        "book._replace(contributed=contributed)",
    ),
    Mutation(
        "at one instant an arrival comes before another record's departure",
        "domain/order.py",
        "END, PASSED_ON, BEGINNING, OVER_ALL = range(4)",
        "BEGINNING, PASSED_ON, END, OVER_ALL = range(4)",
        29,
    ),
    Mutation(
        "a tick that goes backwards is believed",
        "stream_apps/stage.py",
        "if last is None or tick.now >= last.now or tick.taken_back:",
        "if True:",
    ),
    Mutation(
        "a start with other rules judges nothing again",
        "stream_apps/stage.py",
        "return bool(row.bookkeeping.judged_by != self._ruleset and not row.bookkeeping.put_aside)",
        "return False",
        38,
    ),
    Mutation(
        "what is said about another subject goes to the speaker's partition",
        "stream_apps/stage.py",
        "where = partition_of(about, self._partitions)",
        "where = number",
    ),
    Mutation(
        "a start forgets when rows are due",
        "stream_apps/due.py",
        "]] = []\n        self._rebuild()",
        "]] = []",
    ),
    Mutation(
        "a start forgets which findings are in doubt",
        "stream_apps/doubt.py",
        "for key, row in rows.items():\n                self.note(key, row)",
        "pass",
        12,
    ),
    Mutation(
        "what comes after a record that was put aside is merged",
        "stream_apps/aside.py",
        "return row if not row.bookkeeping.put_aside else resumed(row, _sent_back(record))",
        "return row",
    ),
    Mutation(
        "a row of which records wait is judged",
        "stream_apps/stage.py",
        "if row.bookkeeping.put_aside:\n            return unjudged",
        "if False:\n            return unjudged",
    ),
    Mutation(
        "what cannot be merged before a worker's first tick stays as sure as it was",
        "domain/step.py",
        "due_at=0 if now is None else None, judged_by=NOT_JUDGED",
        "due_at=None, judged_by=NOT_JUDGED",
        310,
    ),
    Mutation(
        "of records sent back a newer one is merged before an older one",
        "domain/put_aside.py",
        "if of_its_key[0] != sent_back:",
        "if False:",
        18,
    ),
    Mutation(
        "a statement about another subject replaces none of its own recording time",
        "domain/view.py",
        "return stated_order(statement) < stated_order(self)",
        "return stated_order(statement)[0] < stated_order(self)[0]",
    ),
    Mutation(
        "a claim forgets that the statement was withdrawn",
        "domain/records.py",
        "return Claim(slot, holder) if holder[2:] == kept else None",
        "return Claim(slot, holder._replace(withdrawn=False)) if holder[2:] == kept else None",
    ),
    Mutation(
        "after a start the index answers only those for whom something changes",
        "stream_apps/record_index.py",
        "before, after = answered.get(slot), answers(holders)",
        "before, after = answered.get(slot, {}), answers(holders)",
        200,
    ),
    Mutation(
        "a row whose judging failed is believed to have contributed all that it says",
        "domain/step.py",
        "settled is not None and settled.bookkeeping.judged_by != NOT_JUDGED and",
        "settled is not None and",
    ),
    Mutation(
        "what a dwelling tells its grid is thought not to follow from who lives there",
        "domain/views/dwelling.py",
        '"register", "grades", "reinforcements", "occupants",',
        '"register", "grades", "reinforcements",',
    ),
    Mutation(
        "what a door saw goes by when it happened, not by when it was recorded",
        "domain/retention.py",
        "if statement.recorded_at >= since",
        "if statement.occurred_at >= since",
        11,
    ),
    Mutation(
        "a row is not due when something of it has grown too old",
        "domain/view.py",
        "next_to_go(row, self.kept) if self.kept else None,",
        "None,",
        11,
    ),
    Mutation(
        "a lease is new again once the visit is forgotten",
        "domain/rules/newly_let.py",
        "if began >= known_from and",
        "if",
        97,
    ),
)


def planted(mutation: Mutation | None, folder: Path) -> None:
    """A copy of the rooms in `folder` with the mistake in it. Raises AssertionError if its text is gone."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room)  # with what Python has compiled of them
    if mutation is None:
        return
    file = folder / mutation.file
    source = file.read_text(encoding="utf-8")
    count = len(re.findall(re.escape(mutation.text), source))
    assert count == 1, f"{mutation.file} holds {mutation.text!r} {count} times: mend the mutation {mutation.name!r}"
    file.write_text(source.replace(mutation.text, mutation.wrong), encoding="utf-8")


def simulated(folder: Path, seeds: int, first: int = 0) -> subprocess.CompletedProcess[str]:
    """The simulator over the rooms in `folder`, until the first seed that differs; it ends with 1 if there is one."""
    command = [sys.executable, "-m", "tests.simulation", f"--seeds={seeds}", f"--first={first}", "--until-first"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    # cwd comes before PYTHONPATH: the copy is what is imported, and all other rooms are ours
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
