"""Who logs in to Kafka, and what each may do there: made of the list of what runs, never written by hand."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, for_machines
from runtime.settings import load

EXAMPLE = "citygrid logins list"

app = typer.Typer(help=__doc__, no_args_is_help=True)


@app.command("list", epilog="Example: citygrid logins list --json")
def show(
    login: Annotated[str | None, typer.Argument(help="Only this one, e.g. department-police.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show every login with its rights; needs no Kafka. A city's own cluster is to grant these and no others."""
    from processes.rights import rights

    listed = [right for right in rights(load()) if login in (None, right.principal)]
    if not listed:
        raise CommandFailed(f"There is no login '{login}': `citygrid logins list` shows all of them.")
    if as_json:
        print(for_machines([right._asdict() for right in listed]))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("login", "may", "what", "name"):
        table.add_column(column)
    for right in listed:
        name = f"{right.name}…" if right.prefixed else right.name
        table.add_row(right.principal, right.operation, right.kind.replace("_", " "), name)
    console.print(table)


@app.command(epilog="Example: citygrid logins password department-police")
def password(login: Annotated[str, typer.Argument(help="Whose, e.g. department-police.")]) -> None:
    """Print a login's password, to be handed to whom it is for; mechanism SCRAM-SHA-512. `reader` is the registry's."""
    from processes.logins import BROKER, PREPARE, READER, read

    settings = load()
    if settings.logins_file is None:
        raise CommandFailed("CITYGRID_LOGINS_FILE is not set: no passwords are kept here.")
    kafka, registry = read(settings.logins_file)
    known = {**kafka, READER: registry.get(READER, "")}
    if login not in known or login in (BROKER, PREPARE):
        raise CommandFailed(f"There is no password of '{login}' to hand over: `citygrid logins list` shows the logins.")
    # print: a line to be copied, never folded
    print(known[login])
