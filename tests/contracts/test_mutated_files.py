"""Good files spoilt at random: each line is published as it was meant, rejected, or the file refused; `make soak` reads
ten thousand."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.office.mutated import mutated, trouble
from tests.office.sheet import written

FILES = 40


@pytest.mark.parametrize("block", range(8))
def test_nothing_is_published_that_was_not_stated(tmp_path: Path, block: int) -> None:
    path = tmp_path / "export.csv"
    wrong = []
    for seed in range(block * FILES, block * FILES + FILES):
        sheet, stated, names = mutated(random.Random(seed), slow=seed % 20 == 0)
        path.write_bytes(written(sheet))
        if why := trouble(path, sheet, stated):
            wrong.append(f"seed {seed} ({', '.join(names)}): {why}")
    assert wrong == []
