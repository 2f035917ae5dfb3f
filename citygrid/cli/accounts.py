"""Make, list and end accounts; give one a new password."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, for_machines
from database import accounts
from database.accounts import Account, AccountRefused
from database.roles import Role
from runtime.settings import load

EXAMPLE = "citygrid accounts create wang --role grid_worker --scope 440113001001003"

app = typer.Typer(help="Make, list and end accounts; give one a new password.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The account's name, as one logs in.")]


@app.command(epilog="Example: citygrid accounts create wang --role grid_worker --scope 440113001001003")
def create(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the account does.")],
    scope: Annotated[str, typer.Option(help="First digits of the grid code: 6, 9, 12 or 15; none for the city.")] = "",
    domain: Annotated[
        list[str] | None, typer.Option(help="Only alerts of this domain of rules; may be given again.")
    ] = None,
    language: Annotated[Literal["zh", "en"], typer.Option(help="Of texts and errors.")] = "zh",
    department: Annotated[
        str | None, typer.Option(help="With the role department: whose files it sees, e.g. housing.")
    ] = None,
) -> None:
    """Make an account; its random password is printed once."""
    wanted = Account(name, role, scope, tuple(domain) if domain else None, language, department=_department(department))
    try:
        made = accounts.create(load().dsn("owner"), wanted)
    except AccountRefused as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"{name}: {made.password}", highlight=False, markup=False)


@app.command("list", epilog="Example: citygrid accounts list --json")
def show(as_json: AsJson = False) -> None:
    """Show every account; no passwords, they are kept nowhere."""
    listed = accounts.listed(load().dsn("owner"))
    if as_json:
        print(for_machines(listed))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "role", "scope", "language", "state"):
        table.add_column(column)
    for row in listed:
        state = "disabled" if row["disabled_at"] else "demo" if row["demo"] else ""
        table.add_row(str(row["name"]), str(row["role"]), str(row["scope"] or "city"), str(row["language"]), state)
    console.print(table)


@app.command(epilog="Example: citygrid accounts department clerk housing")
def department(name: Name, of: Annotated[str, typer.Argument(help="The department, e.g. housing.")]) -> None:
    """Say whose files an account of the role department sees."""
    try:
        accounts.set_department(load().dsn("owner"), name, _department(of) or "")
    except AccountRefused as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"{name} sees what {of} handed over")


@app.command("shown-as", epilog="Example: citygrid accounts shown-as wang 小王")
def shown_as(
    name: Name,
    called: Annotated[str, typer.Argument(help="What the public reads at the doors of this grid; none: nothing.")] = "",
) -> None:
    """Say what door plates call a grid worker, who must want that."""
    try:
        accounts.set_shown_as(load().dsn("owner"), name, called.strip())
    except AccountRefused as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"door plates call {name} {called}" if called.strip() else f"door plates do not name {name}")


@app.command(epilog="Example: citygrid accounts password wang")
def password(name: Name) -> None:
    """Give an account a new random password, printed once; its sessions end."""
    try:
        console.print(f"{name}: {accounts.set_password(load().dsn('owner'), name)}", highlight=False, markup=False)
    except AccountRefused as refused:
        raise CommandFailed(str(refused)) from None


@app.command(epilog="Example: citygrid accounts disable wang")
def disable(name: Name) -> None:
    """End an account and its sessions; what it did stays in the history."""
    try:
        accounts.disable(load().dsn("owner"), name)
    except AccountRefused as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"{name} is disabled")


def _department(name: str | None) -> str | None:
    from wire.contracts import departments_of

    known = departments_of()
    if name is not None and name not in known:
        raise CommandFailed(f"There is no department '{name}'; there are {', '.join(known)}.")
    return name
