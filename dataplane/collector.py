"""The garbage collector of a worker: rows are trees without cycles, and there are millions of objects of them."""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 50_000, 1_000, 50
"""Python's own 700 new objects between two collections cost a stage a sixth of its processor time. What has survived
one is a row, nearly always: it is looked at again after fifty million."""


def relax() -> None:
    """Collect seldom. What is there now, modules and schemas, is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)


def keep_restored() -> None:
    """Rows were installed: they are not looked at again either. Those that are replaced are freed as ever."""
    gc.freeze()
