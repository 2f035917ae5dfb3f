"""Passwords and keys for the containers: made once, each in a file of its own that only you can reach."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from citygrid.cli import CommandFailed
from citygrid.cli.screen import console
from processes.inventory import workers
from processes.logins import BROKER, PREPARE, READER, Passwords, complete, read
from processes.observe import own_secrets

EXAMPLE = "citygrid secrets init"
app = typer.Typer(help=__doc__, no_args_is_help=True)

IMAGE_USER = 10001
"""The image's own user (Dockerfile): who the containers are when root makes the secrets."""
LOGINS = "logins.json"
PUSH_KEY = "vapid.key"
DATABASE_OF_REGISTRY = "citygrid_registry_password"
LISTENERS = ("inside", "host")
"""Of Kafka in docker-compose.yml."""
OURS = (BROKER, PREPARE)
"""Logins that stand in the servers' own files and in `LOGINS`."""
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
    _write(folder, contents())
    console.print(f"Made in {folder}: keep a copy of pseudonym.key where nobody but you gets at it.")
    _ask_for(folder, to_fill_in())
    console.print(f"Then: docker-compose --env-file {folder}/compose.env up -d")


@app.command(epilog="Example: citygrid secrets add")
def add(
    folder: Annotated[Path, typer.Option("--folder", help="Where docker-compose.yml looks for them.")] = Path(
        "secrets"
    ),
) -> None:
    """Make what is new in this version, logins and keys, in a folder of an older one too; all others stay."""
    from runtime.push_services import new_key as new_push_key

    if not (folder / DATABASE_OF_REGISTRY).is_file():
        raise CommandFailed(f"{folder} holds no secrets yet: `citygrid secrets init` makes them.")
    before = read(folder / LOGINS) if (folder / LOGINS).is_file() else None
    now = complete(before)
    _write(folder, of_logins(now, (folder / DATABASE_OF_REGISTRY).read_text()), anew=True)
    added = sorted(now.kafka.keys() - (before.kafka.keys() if before else set()))
    mine = [name for name in to_fill_in() if not (folder / name).exists()]
    _write(folder, dict.fromkeys(mine, ("", FOR_US)))
    added += mine
    if not (folder / PUSH_KEY).exists():
        _write(folder, {PUSH_KEY: (new_push_key(), FOR_US)})
        added.append(PUSH_KEY)
    console.print(f"Made: {', '.join(added)}." if added else "Nothing is new.")
    _ask_for(folder, mine)


def to_fill_in() -> list[str]:
    """The files of secrets that others give: of a sink that tells something outside of this installation."""
    return [secret for process in workers() for secret in own_secrets(process)]


def _ask_for(folder: Path, files: list[str]) -> None:
    if files:
        console.print(f"Write into each of these, in {folder}, what its other side gave you: {', '.join(files)}.")


def _write(folder: Path, made: Mapping[str, tuple[str, int]], *, anew: bool = False) -> None:
    user, group = containers_user()
    how = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if anew else os.O_EXCL)
    for name, (text, mode) in made.items():
        with os.fdopen(os.open(folder / name, how, mode), "w") as file:
            os.fchmod(file.fileno(), mode)
            if os.getuid() == 0:
                os.fchown(file.fileno(), user, group)
            file.write(text)


def of_logins(logins: Passwords, registrys_own: str) -> dict[str, tuple[str, int]]:
    """All of them for `prepare`, for each process its own, and what the servers are told; `registrys_own`: the password
    of its database."""
    from local.stack import kafka, registry

    in_registry = f"apicurio.datasource.password={registrys_own}\n{registry.login_properties(logins.registry)}"
    return {
        LOGINS: (logins.text(), FOR_US),
        **{f"kafka_{name}": (password, FOR_US) for name, password in logins.kafka.items() if name not in OURS},
        "registry_reader_password": (logins.registry[READER], FOR_US),
        "registry.properties": (in_registry, FOR_OTHERS),
        "kafka.properties": (kafka.login_properties(logins.kafka, LISTENERS), FOR_OTHERS),
        "kafka-client.properties": (kafka.client_properties(logins.kafka), FOR_OTHERS),
    }


def containers_user() -> tuple[int, int]:
    """User and group of our containers: whoever makes the secrets and can so read them; never root."""
    return (os.getuid(), os.getgid()) if os.getuid() else (IMAGE_USER, IMAGE_USER)


def contents() -> dict[str, tuple[str, int]]:
    """Name → (text, mode) of each file, with fresh passwords and a fresh key."""
    from runtime.push_services import new_key as new_push_key
    from wire.pseudonym import new_key

    superuser = secrets.token_urlsafe(24)
    passwords = {role: secrets.token_urlsafe(24) for role in ROLES}
    user, group = containers_user()
    dsns = {role: f"postgresql://citygrid_{role}:{passwords[role]}@postgres:5432/citygrid" for role in ROLES[:4]}
    return {
        "postgres_password": (superuser, FOR_OTHERS),
        **{f"citygrid_{role}_password": (password, FOR_OTHERS) for role, password in passwords.items()},
        **of_logins(complete(), passwords["registry"]),
        "grafana_password": (secrets.token_urlsafe(24), FOR_OTHERS),
        **{f"citygrid_database_{role}_dsn": (dsn, FOR_US) for role, dsn in dsns.items()},
        "citygrid_database_admin_dsn": (f"postgresql://postgres:{superuser}@postgres:5432/citygrid", FOR_US),
        "pseudonym.key": (new_key(), FOR_US),
        PUSH_KEY: (new_push_key(), FOR_US),
        **dict.fromkeys(to_fill_in(), ("", FOR_US)),
        "compose.env": (f"CITYGRID_UID={user}\nCITYGRID_GID={group}\n", FOR_US),
    }
