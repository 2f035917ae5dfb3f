"""Make, list and end the keys with which departments come to the gateway."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, for_machines
from producers.doors import key_register as keys
from producers.doors.key_register import KeyNotMade
from runtime.settings import load

EXAMPLE = "citygrid keys create housing"

app = typer.Typer(help=__doc__, no_args_is_help=True)


@app.command(epilog="Example: citygrid keys create housing --note 租赁系统")
def create(
    department: Annotated[str, typer.Argument(help="Whose key it is, e.g. housing, civil-affairs.")],
    note: Annotated[str, typer.Option(help="Who gets it: a system, an office.")] = "",
) -> None:
    """Make a key; it is printed once and kept nowhere."""
    try:
        made = keys.create(load().dsn("owner"), department, note)
    except KeyNotMade as refused:
        raise CommandFailed(str(refused)) from None
    # print: a line to be copied, never folded
    print(made)


@app.command("list", epilog="Example: citygrid keys list --json")
def show(as_json: AsJson = False) -> None:
    """Show every key's id, whose it is, when it was last used, how many identity numbers it has stated today; no
    secrets, they are kept nowhere."""
    settings = load()
    listed, usual = keys.listed(settings.dsn("owner")), settings.gateway_numbers_per_day
    if as_json:
        print(for_machines(listed))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("id", "department", "note", "made", "last used", "numbers today", "at most", "state"):
        table.add_column(column)
    for row in listed:
        made, used = (f"{row[name]:%Y-%m-%d %H:%M}" if row[name] else "never" for name in ("created_at", "used_at"))
        state = "closed by restore" if row["closed_by_restore"] else "revoked" if row["revoked_at"] else ""
        today, most = str(row["numbers_today"]), str(row["numbers_per_day"] or usual)
        table.add_row(str(row["id"]), str(row["department"]), str(row["note"]), made, used, today, most, state)
    console.print(table)


@app.command(epilog="Example: citygrid keys revoke k3v8q2m1xd")
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id: `citygrid keys list`.")]) -> None:
    """End a key at once."""
    try:
        keys.revoke(load().dsn("owner"), key_id)
    except KeyNotMade as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"{key_id} is revoked")


@app.command(epilog="Example: citygrid keys reopen k3v8q2m1xd")
def reopen(key_id: Annotated[str, typer.Argument(help="The key's id: `citygrid keys list`.")]) -> None:
    """Let a key in again that a restore has closed: one that was revoked after the backup must stay closed."""
    try:
        keys.reopen(load().dsn("owner"), key_id)
    except KeyNotMade as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"{key_id} is open again")


@app.command(epilog="Example: citygrid keys limit k3v8q2m1xd 1000000")
def limit(
    key_id: Annotated[str, typer.Argument(help="The key's id: `citygrid keys list`.")],
    numbers: Annotated[
        int | None, typer.Argument(min=1, help="Identity numbers in a day; left out: the installation's setting.")
    ] = None,
) -> None:
    """Set how many identity numbers a key may state in a day; more are answered 429 until the city's midnight."""
    try:
        keys.limit(load().dsn("owner"), key_id, numbers)
    except KeyNotMade as refused:
        raise CommandFailed(str(refused)) from None
    usual = "as CITYGRID_GATEWAY_NUMBERS_PER_DAY says" if numbers is None else f"{numbers}"
    console.print(f"{key_id} may state so many identity numbers a day: {usual}")
