"""Check that no record of who looked at whom was changed or deleted."""

from __future__ import annotations

from typing import Annotated

import typer

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, for_machines
from database import looks
from database.looks import HeadRefused
from runtime.settings import load

EXAMPLE = "citygrid looks verify"

app = typer.Typer(help=__doc__, no_args_is_help=True)


@app.callback()
def main() -> None:
    """Check that no record of who looked at whom was changed or deleted."""


@app.command(epilog="Example: citygrid looks verify --head 1024:9f86…")
def verify(
    head: Annotated[str | None, typer.Option(help="A head printed before: the chain must still hold it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Count the chain of looks anew; exit code 1 if it does not hold. Keep its head where nobody here can write."""
    dsn = load().dsn("owner")
    chain = looks.verify(dsn)
    if as_json:
        print(
            for_machines(
                [{"head": chain.head, "sealed": chain.sealed, "unsealed": chain.unsealed, "broken": chain.broken}]
            )
        )
    if chain.broken is not None:
        raise CommandFailed(
            f"The chain of looks breaks at link {chain.broken}: a look in it was changed or is missing. {KEEP}"
        )
    try:
        if head is not None and not looks.holds(dsn, head):
            raise CommandFailed(
                f"The chain of looks does not hold the head {head}: it was cut off or made anew. {KEEP}"
            )
    except HeadRefused as refused:
        raise CommandFailed(str(refused)) from None
    if not as_json:
        console.print(
            f"{chain.sealed} looks are chained and as they were recorded; {chain.unsealed} wait to be sealed."
        )
        print(f"head {chain.head}")


KEEP = "Keep the database as it is, and compare with a backup of before: docs/security.md."
