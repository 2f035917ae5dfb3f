"""What stands under infra/, read once, and Debian's tools that check it."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import yaml  # type: ignore[import-untyped]

from runtime.settings import CHECKOUT

INFRA = CHECKOUT / "infra"
RUNBOOKS = CHECKOUT / "docs" / "runbooks"
RULES: list[dict[str, Any]] = [
    rule
    for file in sorted((INFRA / "prometheus" / "rules").glob("*.yml"))
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
]
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in RULES if "alert" in rule}


def there(tool: str) -> bool:
    """Whether a tool of Debian's is here. On a machine without it `make test` can say nothing; in CI (.ci/run) and in
    `make e2e`, which sets `TOOLS_REQUIRED`, it must be."""
    if shutil.which(tool) is None:
        assert not os.environ.keys() & {"CI", "TOOLS_REQUIRED"}, (
            f"{tool} is missing: .ci/run installs Debian's package of it, and the Makefile's TOOLS name it"
        )
        return False
    return True


def run(tool: str, *arguments: str) -> str:
    """Run a tool that is there; what it printed."""
    if not there(tool):
        return ""
    done = subprocess.run((tool, *arguments), cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
