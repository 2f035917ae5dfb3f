"""Accounts made by whoever runs the installation, under the database's owner: the first ones, and those of the demo.

A password is random, printed once and kept nowhere; who loses it gets a new account or a new password.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import LiteralString

import psycopg

from database.passwords import Kept, PoorPassword, new_password
from database.roles import Role
from runtime.settings import Settings

DEMO_GRID = "440113001001003"
"""Whose worker the demo account is; the street and the district above it have their command centres."""


DEMO_DEPARTMENT = "housing"


RIGHTS: LiteralString = """
WITH its AS (UPDATE city.account SET (role, scope, domains) = (%s, %s, %s) WHERE name = %s AND demo RETURNING id)
DELETE FROM city.session s USING its WHERE s.account = its.id
"""


class AccountRefused(Exception):
    """The account cannot be made or changed; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """One account to be made. `scope` is a prefix of the grid code, empty for the city; `department` whose files one of
    role `department` sees."""

    name: str
    role: Role
    scope: str = ""
    domains: tuple[str, ...] | None = None
    language: str = "zh"
    what: str = ""
    department: str | None = None


@dataclass(frozen=True)
class Credentials:
    """What is printed once."""

    account: Account
    password: str


def demo_accounts(grid: str = DEMO_GRID) -> list[Account]:
    """One of each role around one grid, from the city down to it, and one for each button of a bracelet."""
    return [
        Account("admin", "admin", what="makes accounts, sees who looked at whom; sees no resident"),
        Account("city", "command_centre", what="command centre of the city"),
        Account("district", "command_centre", grid[:6], what=f"command centre of district {grid[:6]}"),
        Account("street", "command_centre", grid[:9], what=f"command centre of street {grid[:9]}"),
        Account("worker", "grid_worker", grid, what=f"grid worker of {grid}"),
        Account(
            "sos", "command_centre", grid[:6], ("sos",), what=f"SOS desk of district {grid[:6]}: calls for help only"
        ),
        Account(
            "doctor", "grid_worker", grid[:12], ("doctor",), what=f"doctor of community {grid[:12]}: her calls only"
        ),
        Account(
            "housekeeper", "grid_worker", grid[:12], ("housekeeper",), what=f"housekeeper of community {grid[:12]}"
        ),
        Account(
            "department",
            "department",
            what=f"the office of {DEMO_DEPARTMENT}: its files and what was rejected; sees no resident",
            department=DEMO_DEPARTMENT,
        ),
        Account("ops", "ops", what="operations: health and freshness; sees no resident"),
    ]


def create(dsn: str, account: Account, password: str | None = None, *, demo: bool = False) -> Credentials:
    """Make `account`; without `password` a random one. `dsn` is the owner's.

    Raises AccountRefused if the name is taken, the password is poor, or role and scope do not fit.
    """
    password = password or secrets.token_urlsafe(15)
    kept = _kept(password)
    statement: LiteralString = (
        "INSERT INTO city.account (name, password_kdf, password_verifier, role, scope, domains, language, demo, "
        "department) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
    )
    domains = list(account.domains) if account.domains is not None else None
    if account.department is not None and account.role != "department":
        raise AccountRefused("Only an account of the role department belongs to a department: leave --department out.")
    head = (account.name, kept.kdf, kept.verifier, account.role, account.scope)
    values = (*head, domains, account.language, demo, account.department)
    try:
        with psycopg.connect(dsn) as connection:
            connection.execute(statement, values)
    except psycopg.errors.UniqueViolation:
        raise AccountRefused("There is an account of this name already: choose another name.") from None
    except psycopg.errors.CheckViolation as broken:
        raise AccountRefused(
            f"The database refused the account ({broken.diag.constraint_name}): the scope is '' for the city or the "
            "first 6, 9, 12 or 15 digits of a grid code, the language zh or en."
        ) from None
    return Credentials(account, password)


def set_department(dsn: str, name: str, department: str) -> None:
    """Say whose files an account of role `department` sees. Raises AccountRefused."""
    with psycopg.connect(dsn) as connection:
        statement = "UPDATE city.account SET department = %s WHERE name = %s AND role = 'department' RETURNING id"
        if connection.execute(statement, (department, name)).fetchone() is None:
            raise AccountRefused("There is no account of this name and the role department: `citygrid accounts list`.")


def set_shown_as(dsn: str, name: str, called: str) -> None:
    """Say what door plates call a grid worker; empty: nothing. Raises AccountRefused."""
    with psycopg.connect(dsn) as connection:
        statement = "UPDATE city.account SET shown_as = %s WHERE name = %s AND role = 'grid_worker' RETURNING id"
        try:
            changed = connection.execute(statement, (called or None, name)).fetchone()
        except psycopg.errors.CheckViolation:
            raise AccountRefused("A name on door plates has at most 40 characters: choose a shorter one.") from None
        if changed is None:
            raise AccountRefused("There is no account of this name and the role grid_worker: `citygrid accounts list`.")


def set_password(dsn: str, name: str, password: str | None = None) -> str:
    """Give an account a new password and end its sessions; returns it. Raises AccountRefused."""
    password = password or secrets.token_urlsafe(15)
    kept = _kept(password)
    with psycopg.connect(dsn) as connection:
        changed = connection.execute(
            "UPDATE city.account SET password_kdf = %s, password_verifier = %s WHERE name = %s RETURNING id",
            (kept.kdf, kept.verifier, name),
        ).fetchone()
        if changed is None:
            raise AccountRefused("There is no account of this name: see `citygrid accounts list`.")
        connection.execute("DELETE FROM city.session WHERE account = %s", changed)
    return password


def disable(dsn: str, name: str) -> None:
    """End an account and its sessions; its history stays. Raises AccountRefused."""
    with psycopg.connect(dsn) as connection:
        gone = connection.execute(
            "UPDATE city.account SET disabled_at = coalesce(disabled_at, now()) WHERE name = %s RETURNING id", (name,)
        ).fetchone()
        if gone is None:
            raise AccountRefused("There is no account of this name: see `citygrid accounts list`.")
        connection.execute("DELETE FROM city.session WHERE account = %s", gone)


def listed(dsn: str) -> list[dict[str, object]]:
    """Every account, without its password."""
    with psycopg.connect(dsn, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(
            "SELECT name, role, scope, domains, department, language, demo, created_at, disabled_at FROM city.account "
            "ORDER BY name"
        ).fetchall()


def make_demo_accounts(settings: Settings, grid: str = DEMO_GRID) -> list[Credentials]:
    """The demo accounts that are not there yet, each with its new password; run again it makes nothing new. One that an
    earlier version made with other rights gets those of this version, and keeps its password.

    Raises AccountRefused in production.
    """
    if settings.mode == "production":
        raise AccountRefused("Production has no demo accounts: make the first one by `citygrid accounts create`.")
    dsn = settings.dsn("owner")
    there = {row["name"]: row for row in listed(dsn)}
    changed = [one for one in demo_accounts(grid) if one.name in there and there[one.name]["role"] != one.role]
    with psycopg.connect(dsn) as connection:
        for one in changed:
            values = (one.role, one.scope, list(one.domains) if one.domains is not None else None, one.name)
            connection.execute(RIGHTS, values)
    return [create(dsn, account, demo=True) for account in demo_accounts(grid) if account.name not in there]


def refuse_demo_in_production(settings: Settings) -> None:
    """Raises AccountRefused if a production installation still has a demo account that can log in."""
    if settings.mode != "production":
        return
    with psycopg.connect(settings.dsn("api")) as connection:
        row = connection.execute("SELECT city.demo_accounts()").fetchone()
    if row and row[0]:
        raise AccountRefused(
            f"{row[0]} demo accounts can log in: disable each by `citygrid accounts disable NAME` before production."
        )


def _kept(password: str) -> Kept:
    try:
        return new_password(password)
    except PoorPassword as poor:
        raise AccountRefused(str(poor)) from None
