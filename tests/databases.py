"""Databases that a test made for itself are dropped after it; nothing of the product drops one."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

from local.stack import postgres


def drop_database(port: int, passwords: Mapping[str, str], name: str) -> None:
    """Drop database `name`, ending whoever is still connected."""
    superuser = postgres.dsn(port, postgres.SUPERUSER, passwords[postgres.SUPERUSER], "postgres")
    with psycopg.connect(superuser, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
