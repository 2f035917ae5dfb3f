"""The command `citygrid`: one file a subcommand, each with `app` (a group) or `command` (a function).

A file's name is the command's, `_` read as `-`; its docstring's first line is the help, its `EXAMPLE` the epilog. Only
the file of the command that was asked for is imported: each brings libraries that the others do without.
"""

from __future__ import annotations

import os
import pkgutil
import resource
import sys
from importlib import import_module

import typer

from runtime.settings import SettingsRefused

HIDDEN = ("worker",)  # what the supervisor calls


class CommandFailed(Exception):
    """Raise it to end a command with this sentence on standard error; `code` is the exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def build(asked: str | None = None) -> typer.Typer:
    """The command with the subcommand `asked`; with every one of this folder if it is None or none of them."""
    app = typer.Typer(
        help="Event-driven streaming for a city's departments, command centres and grid workers.",
        epilog="Example: citygrid up",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # its tracebacks show local variables, and those hold people
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_citygrid)
    modules = {m.name.replace("_", "-"): m.name for m in pkgutil.iter_modules(__path__) if m.name != "screen"}
    for name in [asked] if asked in modules else modules:
        part = import_module(f"citygrid.cli.{modules[name]}")
        epilog = f"Example: {part.EXAMPLE}"
        if hasattr(part, "app"):
            app.add_typer(part.app, name=name, epilog=epilog, hidden=name in HIDDEN)
        else:
            app.command(name, epilog=epilog, hidden=name in HIDDEN)(part.command)
    return app


def _citygrid() -> None:
    """Nothing of its own: with it, typer keeps a single subcommand a subcommand."""


def main() -> None:
    """Run the command; what a person can mend is said in a sentence, without a traceback.

    Whatever it writes is its user's alone: files, logs and state of every process hold personal data or secrets.
    """
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold keys and people
    try:
        build(sys.argv[1] if len(sys.argv) > 1 else None)()
    except CommandFailed as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.code) from None
    except SettingsRefused as refused:
        print(refused, file=sys.stderr)
        raise SystemExit(2) from None
    except Exception as error:
        if (sentence := _sentence(error)) is None:
            raise
        print(sentence, file=sys.stderr)
        raise SystemExit(1) from None


def _sentence(error: Exception) -> str | None:
    """What a person can do about `error`, if somebody who runs the command can mend it."""
    # imported here: a command that needs none of them begins sooner
    import psycopg

    from database.migrate import AnotherHistory
    from runtime.discover import PluginRefused
    from wire.contract_rules import ContractRefused

    if isinstance(error, (AnotherHistory, ContractRefused, PluginRefused)):
        return str(error)
    if isinstance(error, UnicodeEncodeError):
        return "What was typed holds bytes that are no UTF-8: is the terminal's encoding another (LANG=C.UTF-8)?"
    # with a state, the database answers and has a complaint of its own
    if not isinstance(error, psycopg.OperationalError) or error.sqlstate:
        return None
    return (
        f"The database does not answer ({type(error).__name__}). Start the local stack with `make up`; where the "
        "database is elsewhere, look at the CITYGRID_DATABASE_*_DSN that this command uses."
    )
