"""Register, list and end the devices that come to the gateway or by MQTT."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, for_machines
from producers.doors import device_register as devices
from producers.doors.device_register import DeviceRefused
from runtime.settings import load
from wire.pseudonym import KeyRefused

EXAMPLE = "citygrid devices add door-access DOOR-0017 --dwelling D-440113-0042"

app = typer.Typer(help=__doc__, no_args_is_help=True)


@app.command(epilog="Example: citygrid devices add door-access DOOR-0017 --dwelling D-440113-0042")
def add(
    department: Annotated[str, typer.Argument(help="door-access or bracelet")],
    device: Annotated[str, typer.Argument(help="The device's name: letters, digits, '.', '_' and '-'.")],
    dwelling: Annotated[
        str | None, typer.Option(help="Of a door: its dwelling. Who wears a bracelet is asked for instead.")
    ] = None,
) -> None:
    """Register a device, or give it a new key; the key is printed once and kept nowhere."""
    # a number on the command line would be in the shell's history and in the list of processes
    subject = dwelling if dwelling is not None else _asked()
    try:
        made = devices.add(load(), department, device, subject)
    except (DeviceRefused, KeyRefused) as refused:
        raise CommandFailed(str(refused)) from None
    print(made)


@app.command("list", epilog="Example: citygrid devices list --json")
def show(as_json: AsJson = False) -> None:
    """Show every device, when it last sent something, and its count; no keys, they are kept nowhere."""
    listed = devices.listed(load().dsn("owner"))
    if as_json:
        print(for_machines(listed))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("device", "department", "messages up to", "last message", "state"):
        table.add_column(column)
    for row in listed:
        last = f"{row['last_message_at']:%Y-%m-%d %H:%M}" if row["last_message_at"] else "never"
        state = "closed by restore" if row["closed_by_restore"] else "revoked" if row["revoked_at"] else ""
        table.add_row(str(row["id"]), str(row["department"]), str(row["last_sequence"]), last, state)
    console.print(table)


@app.command(epilog="Example: citygrid devices revoke DOOR-0017")
def revoke(device: Annotated[str, typer.Argument(help="The device's name.")]) -> None:
    """Take no more messages of a device."""
    try:
        devices.revoke(load().dsn("owner"), device)
    except DeviceRefused as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"{device} is revoked")


@app.command(epilog="Example: citygrid devices reopen --all")
def reopen(
    device: Annotated[str | None, typer.Argument(help="The device's name.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="All that the restore has closed.")] = False,
) -> None:
    """Take messages again of devices that a restore has closed: one that was revoked after the backup must stay so."""
    if everyone is (device is not None):
        raise CommandFailed("Name a device, or say --all.")
    try:
        opened = devices.reopen(load().dsn("owner"), device)
    except DeviceRefused as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"{len(opened)} devices are open again")


def _asked() -> str:
    question = "Identity number of who wears it: "
    return getpass.getpass(question) if sys.stdin.isatty() else sys.stdin.readline().strip()
