"""The command `citygrid`: one file a subcommand, each with `app` (a group) or `command` (a function).

A file's name is the command's, `_` read as `-`; its docstring's first line is the help, its `EXAMPLE` the epilog.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from importlib import import_module

import psycopg
import typer

from database.migrate import AnotherHistory
from runtime.settings import SettingsRefused

HIDDEN = ("worker",)  # what the supervisor calls


class CommandFailed(Exception):
    """Raise it to end a command with this sentence on standard error; `code` is the exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def build() -> typer.Typer:
    """The command with every subcommand of this folder."""
    app = typer.Typer(
        help="Event-driven streaming for a city's departments, command centres and grid workers.",
        epilog="Example: citygrid up",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # its tracebacks show local variables, and those hold people
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for module in pkgutil.iter_modules(__path__):
        if module.name == "screen":
            continue
        part = import_module(f"citygrid.cli.{module.name}")
        name = module.name.replace("_", "-")
        epilog = f"Example: {part.EXAMPLE}"
        if hasattr(part, "app"):
            app.add_typer(part.app, name=name, epilog=epilog, hidden=name in HIDDEN)
        else:
            app.command(name, epilog=epilog, hidden=name in HIDDEN)(part.command)
    return app


def main() -> None:
    """Run the command; what a person can mend is said in a sentence, without a traceback.

    Whatever it writes is its user's alone: files, logs and state of every process hold personal data or secrets.
    """
    os.umask(0o077)
    try:
        build()()
    except CommandFailed as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.code) from None
    except SettingsRefused as refused:
        print(refused, file=sys.stderr)
        raise SystemExit(2) from None
    except AnotherHistory as refused:
        print(refused, file=sys.stderr)
        raise SystemExit(1) from None
    except psycopg.OperationalError as away:
        if away.sqlstate:  # the database answers, and has a complaint of its own
            raise
        print(
            f"The database does not answer ({type(away).__name__}). Start the local stack with `make up`; where the "
            "database is elsewhere, look at the CITYGRID_DATABASE_*_DSN that this command uses.",
            file=sys.stderr,
        )
        raise SystemExit(1) from None
