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
    """Whether a tool of Debian's is here; on a machine without it nothing can be said, in CI it must be (.ci/run)."""
    if shutil.which(tool) is None:
        assert "CI" not in os.environ, f"{tool} is missing in CI: .ci/run installs it"
        return False
    return True


def run(tool: str, *arguments: str) -> str:
    """Run a tool that is there; what it printed."""
    if not there(tool):
        return ""
    done = subprocess.run((tool, *arguments), cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
