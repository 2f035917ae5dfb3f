"""Who logs in to Kafka and the registry, and their passwords: random, made once, in a file for `prepare` alone.

Each process that stands on Kafka has a login of its own, named as it is; so has each department that publishes straight
into Kafka, and whoever runs commands. What each may do: processes/rights.py.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from processes.inventory import Process, workers
from runtime.settings import Settings, SettingsRefused
from wire.contracts import OUR_DEPARTMENT, departments_of

PREPARE = "prepare"
"""Makes topics, schemas, logins and rights; the brokers and the registry let it do everything."""
BROKER = "broker"
"""As which brokers speak with each other and with the controller."""
OPERATOR = "operator"
"""Whoever runs commands: publish, dead-letters, rebuild, backup, clock."""
READER = "reader"
"""The registry's login of everybody but `prepare`."""
OF_DEPARTMENT = "department-"


def logins() -> list[str]:
    """The names of all principals but `prepare` and the brokers; quick, nothing of them is imported."""
    return [*(process.name for process in on_kafka()), OPERATOR, *map(department_login, departments())]


def departments() -> list[str]:
    """Those that state facts of their own."""
    return [name for name in departments_of() if name != OUR_DEPARTMENT]


def department_login(department: str) -> str:
    return OF_DEPARTMENT + department


def on_kafka() -> list[Process]:
    """Our own processes that stand on Kafka."""
    return [process for process in workers() if "kafka" in process.needs]


class Passwords(NamedTuple):
    """By the name of the login."""

    kafka: Mapping[str, str]
    registry: Mapping[str, str]

    def text(self) -> str:
        """As `read` reads it."""
        return json.dumps(self._asdict(), indent=1) + "\n"


def complete(known: Passwords | None = None) -> Passwords:
    """`known`, with a new password for each login that has none yet."""
    kafka, registry = known or ({}, {})
    for_kafka, for_registry = (BROKER, PREPARE, *logins()), (PREPARE, READER)
    return Passwords(
        {**{name: secrets.token_urlsafe(24) for name in for_kafka}, **kafka},
        {**{name: secrets.token_urlsafe(24) for name in for_registry}, **registry},
    )


def read(file: Path) -> Passwords:
    """Raises SettingsRefused."""
    try:
        document = json.loads(file.read_text("utf-8"))
        return Passwords(dict(document["kafka"]), dict(document["registry"]))
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise SettingsRefused(
            f"CITYGRID_LOGINS_FILE ({file}) cannot be read ({type(wrong).__name__}): it is JSON, passwords by login "
            "under 'kafka' and 'registry', as `citygrid secrets init` makes it."
        ) from None


def as_prepare(settings: Settings) -> Settings:
    """The settings of whoever makes topics, schemas and logins: as `prepare`, if its passwords are in `logins_file`.

    The brokers themselves are told that password (mechanism PLAIN): somebody must make the first login.
    """
    if settings.logins_file is None:
        return settings
    kafka, registry = read(settings.logins_file)
    changed: dict[str, object] = {}
    if PREPARE in kafka:
        changed |= {
            "kafka_sasl_mechanism": "PLAIN",
            "kafka_sasl_username": PREPARE,
            "kafka_sasl_password": SecretStr(kafka[PREPARE]),
        }
    if PREPARE in registry:
        changed |= {"registry_username": PREPARE, "registry_password": SecretStr(registry[PREPARE])}
    return settings.model_copy(update=changed)


def environment(passwords: Passwords, login: str = OPERATOR) -> dict[str, str]:
    """The settings with which a process logs in as `login`, off TLS: for one machine or one private network."""
    return {
        "CITYGRID_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "CITYGRID_KAFKA_SASL_USERNAME": login,
        "CITYGRID_KAFKA_SASL_PASSWORD": passwords.kafka[login],
        "CITYGRID_REGISTRY_USERNAME": READER,
        "CITYGRID_REGISTRY_PASSWORD": passwords.registry[READER],
    }
