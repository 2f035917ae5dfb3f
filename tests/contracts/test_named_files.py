"""A file that a document, a comment or a message names is there, whatever was moved since."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

import pytest

from runtime.settings import CHECKOUT

NAMED = re.compile(r"(?<![\w/.:<>*-])((?:[\w.-]+/)*[\w-][\w.-]*\.(?:py|sql|js|html|css|avsc|md))(?![\w<*-])")
SAID_IN = {".py", ".sql", ".js", ".css", ".html", ".md", ".yml", ".toml", ".avsc", ""}
TO_BE_MADE = {"docs/how-to/add-a-department.md"}
"""What a reader writes there is not in the checkout."""
NOT_OURS = {"setup.py"}
MADE = {"node_modules", "__pycache__", "build", "state", "dist"}


def files() -> list[str]:
    """Every file of the checkout, without what is made in it."""
    found = []
    for folder, folders, names in os.walk(CHECKOUT):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in MADE]
        found += [Path(folder, name).relative_to(CHECKOUT).as_posix() for name in names]
    return sorted(found)


FILES = files()
ENDS = {"/".join(PurePosixPath(file).parts[-count:]) for file in FILES for count in range(1, 8)}
ROOMS = {PurePosixPath(file).parts[0] for file in FILES if "/" in file}
DOCUMENTS = [file for file in FILES if file.endswith(".md") and file not in TO_BE_MADE]
SOURCES = [
    file
    for file in FILES
    if Path(file).suffix in SAID_IN - {".md"} and not file.startswith(("tests/", "web/types/api.d.ts"))
]


def missing(file: str, whole: bool) -> list[str]:
    """What `file` names that is not there; of code only what begins with a room, unless `whole`."""
    found = []
    for line in (CHECKOUT / file).read_text(encoding="utf-8", errors="replace").splitlines():
        for named in NAMED.findall(line):
            if not whole and ("/" not in named or named.split("/")[0] not in ROOMS):
                continue
            if named not in ENDS and named not in NOT_OURS and not (CHECKOUT / file).parent.joinpath(named).exists():
                found.append(named)
    return found


def test_a_name_is_seen() -> None:
    assert NAMED.findall(
        "see `wire/gone.py`, docs/decisions/0001-layout.md. A `<view>_g<n>.sql` and x.pyc are none"
    ) == [
        "wire/gone.py",
        "docs/decisions/0001-layout.md",
    ]


@pytest.mark.parametrize("file", DOCUMENTS)
def test_a_file_that_a_document_names_is_there(file: str) -> None:
    assert missing(file, whole=True) == []


def test_a_file_that_code_names_is_there() -> None:
    assert {file: names for file in SOURCES if (names := missing(file, whole=False))} == {}


def test_a_test_that_a_document_names_is_there() -> None:
    """By its name, or as `file::name`: the table of the laws in docs/architecture.md rests on it."""
    tests = {
        file: set(
            re.findall(r"^(?:async )?def (test_\w+)", (CHECKOUT / file).read_text(encoding="utf-8"), re.MULTILINE)
        )
        for file in FILES
        if file.startswith("tests/") and file.endswith(".py")
    }
    every = set().union(*tests.values()) | {Path(file).stem for file in tests}
    for document in [*DOCUMENTS, *SOURCES]:
        text = (CHECKOUT / document).read_text(encoding="utf-8", errors="replace")
        for file, name in re.findall(r"(tests/[\w/]+\.py)::(test_\w+)", text):
            assert name in tests[file], f"{document} names {file}::{name}"
        for name in re.findall(r"(?<![\w./])(?<!def )(test_\w+)(?![\w*]|\.)", text if document in DOCUMENTS else ""):
            assert name in every, f"{document} names {name}"
