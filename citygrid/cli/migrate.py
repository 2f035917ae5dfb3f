"""Bring the database of this installation to this version's tables."""

from __future__ import annotations

import json

from citygrid.cli.screen import AsJson, console
from runtime.settings import load

EXAMPLE = "citygrid migrate"


def command(as_json: AsJson = False) -> None:
    """Bring the database of this installation to this version's tables, as role citygrid_owner."""
    from database.migrate import migrate

    applied = migrate(load().dsn("owner"))
    if as_json:
        print(json.dumps(applied))
    else:
        console.print("\n".join(applied) or "the database is up to date")
