"""The state folder is ours alone, or nothing is written into it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.stack.children import PartFailed, make_private

NOBODY = 65534


def somebody_elses(path: Path) -> Path:
    """A folder of another user: as root one that is given away, else root's own."""
    if os.geteuid():
        return Path("/")
    path.mkdir(mode=0o700)
    os.chown(path, NOBODY, NOBODY)
    return path


def test_a_folder_that_somebody_else_made_first_is_refused(tmp_path: Path) -> None:
    """In /tmp anybody can make the folder that root will use next, and put their own files into it."""
    folder = somebody_elses(tmp_path / "citygrid-dev")
    with pytest.raises(PartFailed, match="belongs to another user"):
        make_private(folder)
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(PartFailed, match="belongs to another user"):
        make_private(link)


def test_ones_own_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    with pytest.raises(PartFailed, match="Every user may write"):
        make_private(folder)
