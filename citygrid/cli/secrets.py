"""Passwords and keys for the containers: made once, each in a file of its own that only you can reach."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from citygrid.cli import CommandFailed
from citygrid.cli.screen import console

EXAMPLE = "citygrid secrets init"
app = typer.Typer(help=__doc__, no_args_is_help=True)

IMAGE_USER = 10001
"""The image's own user (Dockerfile): who the containers are when root makes the secrets."""
ROLES = ("owner", "sinks", "api", "doors", "registry")
# Read by another system's user in its container: open to it, and to nobody outside of the folder of mode 700.
FOR_OTHERS, FOR_US = 0o644, 0o600


@app.command(epilog="Example: citygrid secrets init")
def init(
    folder: Annotated[Path, typer.Option("--folder", help="Where docker-compose.yml looks for them.")] = Path(
        "secrets"
    ),
) -> None:
    """Make every secret of docker-compose.yml. A folder that is there already is left alone."""
    if folder.exists():
        raise CommandFailed(
            f"{folder} is there already and was left alone: its passwords are those of the running database."
        )
    folder.mkdir(parents=True, mode=0o700)
    user, group = containers_user()
    for name, (text, mode) in contents().items():
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            os.fchmod(file.fileno(), mode)
            if os.getuid() == 0:
                os.fchown(file.fileno(), user, group)
            file.write(text)
    console.print(f"Made in {folder}: keep a copy of pseudonym.key where nobody but you gets at it.")
    console.print(f"Then: docker-compose --env-file {folder}/compose.env up -d")


def containers_user() -> tuple[int, int]:
    """User and group of our containers: whoever makes the secrets and can so read them; never root."""
    return (os.getuid(), os.getgid()) if os.getuid() else (IMAGE_USER, IMAGE_USER)


def contents() -> dict[str, tuple[str, int]]:
    """Name → (text, mode) of each file, with fresh passwords and a fresh key."""
    from wire.pseudonym import new_key

    superuser = secrets.token_urlsafe(24)
    passwords = {role: secrets.token_urlsafe(24) for role in ROLES}
    user, group = containers_user()
    dsns = {role: f"postgresql://citygrid_{role}:{passwords[role]}@postgres:5432/citygrid" for role in ROLES[:4]}
    return {
        "postgres_password": (superuser, FOR_OTHERS),
        **{f"citygrid_{role}_password": (password, FOR_OTHERS) for role, password in passwords.items()},
        "registry.properties": (f"apicurio.datasource.password={passwords['registry']}\n", FOR_OTHERS),
        "grafana_password": (secrets.token_urlsafe(24), FOR_OTHERS),
        **{f"citygrid_database_{role}_dsn": (dsn, FOR_US) for role, dsn in dsns.items()},
        "citygrid_database_admin_dsn": (f"postgresql://postgres:{superuser}@postgres:5432/citygrid", FOR_US),
        "pseudonym.key": (new_key(), FOR_US),
        "compose.env": (f"CITYGRID_UID={user}\nCITYGRID_GID={group}\n", FOR_US),
    }
