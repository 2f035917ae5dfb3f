"""Check, register and release the schemas of what is said on the wire."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from citygrid.cli import CommandFailed
from processes.logins import as_prepare
from runtime.settings import load
from wire import compatibility
from wire.contract_rules import ContractRefused
from wire.topics import ensure_schemas

EXAMPLE = "citygrid schemas check"

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command(epilog="Example: citygrid schemas check")
def check() -> None:
    """Refuse what would break readers of anything released, and a department, view, rule or sink that does not fit the
    schemas; needs neither Kafka nor a registry. Exit code 1 if so."""
    from processes import plugins

    if misfits := plugins.troubles():
        raise CommandFailed("\n".join(misfits))
    try:
        troubles = compatibility.check()
    except ContractRefused as refused:
        raise CommandFailed(str(refused)) from None
    if troubles:
        raise CommandFailed(
            "\n".join(
                [*troubles, "Give a new field a default, and leave fields and kinds that were released as they are."]
            )
        )
    typer.echo("Every schema is in order and reads all that was released.")


@app.command(epilog="Example: citygrid schemas release")
def release() -> None:
    """Write down the schemas of this checkout as released (schemas/released/); commit the result with the release."""
    os.umask(0o022)  # files of the checkout, from which an image is built for another user
    try:
        changed = compatibility.release()
    except (ContractRefused, compatibility.Incompatible) as refused:
        raise CommandFailed(str(refused)) from None
    typer.echo(f"Released: {', '.join(changed)}." if changed else "Nothing changed since the last release.")


@app.command(epilog="Example: citygrid schemas register")
def register(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing unless something is wrong.")] = False,
) -> None:
    """Register every schema with the registry and hold its subject to its compatibility level."""
    try:
        ids = ensure_schemas(as_prepare(load()))
    except (ContractRefused, compatibility.Incompatible) as refused:
        raise CommandFailed(str(refused)) from None
    if not quiet:
        for topic, schema_id in ids.items():
            typer.echo(f"{schema_id:>6}  {topic}")
