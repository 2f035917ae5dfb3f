"""Fills this environment from a lock with hashes: one moving line on a terminal, pip's own words if it fails.

`.venv/bin/python citygrid/environment.py requirements.lock`. It runs before anything is installed: the standard library
only, and not as a module of the package.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BAR = 40


def main(lock: Path) -> int:
    """Install what `lock` pins; pip's exit code."""
    pinned = sum("==" in line for line in lock.read_text("utf-8").splitlines())
    print(f"Installing {pinned} packages into {Path(sys.prefix).name}, once; this takes a minute or two.", flush=True)
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    said: list[str] = []
    seen = 0
    with subprocess.Popen(
        [*pip, "--require-hashes", "-r", str(lock)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as installing:
        assert installing.stdout  # noqa: S101 - PIPE above
        for line in installing.stdout:
            said.append(line)
            words = line.split()
            seen += line.startswith(("Collecting ", "Requirement already satisfied: ", "Ignoring "))
            if line.startswith(("Collecting ", "Installing ")):
                _draw(min(seen, pinned), pinned, f"{words[0].lower()} {words[1]}")
    _draw(pinned, pinned, "")
    if installing.returncode:
        print("".join(said[-20:]), file=sys.stderr)
        print(
            "The packages could not be installed: pip's words are above. The same command tries again.", file=sys.stderr
        )
    return installing.returncode


def _draw(done: int, of: int, what: str) -> None:
    """The moving line; nothing off a terminal."""
    if sys.stdout.isatty():
        full = BAR * done // of
        print(f"\r\033[K{'━' * full}{'╌' * (BAR - full)} {done}/{of} {what[:40]}", end="" if what else "\n", flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
