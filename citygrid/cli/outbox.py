"""Publish out of a department's own PostgreSQL what its programs state there, in the order of their commits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as Columns

from citygrid.cli import CommandFailed
from citygrid.cli.screen import console
from runtime.production import database_faults
from runtime.settings import CHECKOUT, load

EXAMPLE = "citygrid outbox relay police --dsn-file /run/secrets/police_dsn"
SQL = CHECKOUT / "producers" / "outbox" / "department.sql"
WRONG_USE = 2

app = typer.Typer(help=__doc__, no_args_is_help=True)

Department = Annotated[str, typer.Argument(help="Whose contracts may be stated, e.g. police.")]
DsnFile = Annotated[
    Path, typer.Option("--dsn-file", help="A file, mode 0600, with the connection string of its database.")
]


@app.command("sql", epilog="Example: citygrid outbox sql | psql --dbname register")
def sql_() -> None:
    """Print what the department's database needs: one table, two functions. Running it again changes nothing."""
    print(SQL.read_text("utf-8"), end="")


@app.command(epilog="Example: citygrid outbox relay police --dsn-file /run/secrets/police_dsn --port 19190")
def relay(
    department: Department,
    dsn_file: DsnFile,
    port: Annotated[int, typer.Option("--port", help="Of /live, /ready and /metrics; 0: any free one.")] = 0,
) -> None:
    """Publish what is committed there, until Ctrl-C. A database or cluster that is away is waited for."""
    from producers.outbox.relay import of_department, serve

    _known(department)
    raise SystemExit(serve(load(), of_department(department), _dsn(dsn_file), port))


@app.command(epilog="Example: citygrid outbox status police --dsn-file /run/secrets/police_dsn")
def status(department: Department, dsn_file: DsnFile) -> None:
    """Say how much waits there, and which rows their contract forbids, with the field and the reason."""
    import psycopg

    _known(department)
    try:
        with psycopg.connect(_dsn(dsn_file), connect_timeout=5) as connection:
            counted = connection.execute(
                "SELECT count(*) FILTER (WHERE published_at IS NULL AND refused IS NULL), min(made_at) FILTER "
                "(WHERE published_at IS NULL AND refused IS NULL) FROM citygrid.outbox"
            ).fetchone()
            refused = connection.execute(
                "SELECT id, topic, refused, made_at FROM citygrid.outbox "
                "WHERE refused IS NOT NULL ORDER BY id LIMIT 100"
            ).fetchall()
    except psycopg.Error as trouble:
        raise CommandFailed(
            f"The outbox cannot be read ({type(trouble).__name__}): see `citygrid outbox sql`."
        ) from None
    waiting, since = counted or (0, None)
    console.print(f"{waiting} wait" + (f", the oldest since {since:%Y-%m-%d %H:%M:%S %Z}" if since else ""))
    if refused:
        table = Columns(box=None, pad_edge=False, header_style="bold")
        for column in ("row", "topic", "why", "since"):
            table.add_column(column, overflow="fold")
        for number, topic, why, refused_at in refused:
            table.add_row(str(number), topic, why, f"{refused_at:%Y-%m-%d %H:%M:%S}")
        console.print(table)
        console.print("Mend a row there: SELECT citygrid.mend(<row>, '<change>'), or delete it.")


def _known(department: str) -> None:
    from wire.contracts import departments_of

    departments = departments_of()
    if department not in departments:
        raise CommandFailed(f"There is no department '{department}'; there are {', '.join(departments)}.", WRONG_USE)


def _dsn(file: Path) -> str:
    try:
        if file.stat().st_mode & 0o077:
            raise CommandFailed(f"{file} can be read by others, and it holds a password: chmod 600 {file}", WRONG_USE)
        dsn = file.read_text("utf-8").strip()
    except OSError as unreadable:
        raise CommandFailed(f"{file} cannot be read ({type(unreadable).__name__}).", WRONG_USE) from None
    if load().mode == "production" and (faults := database_faults(str(file), dsn)):
        raise CommandFailed("\n".join(faults), WRONG_USE)
    return dsn
