"""The three parts of the local stack in one folder: how each is run, when it is ready, where it is reached.

`citygrid up` gives the programs to the supervisor; the tests and `local.stack.dev` start them as their own children.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, get_args

from local.stack import children, downloads, kafka, ports, postgres, registry
from local.stack.children import Child, Program
from processes import logins
from runtime.settings import Settings
from wire.pseudonym import new_key

PartName = Literal["postgres", "kafka", "registry"]
PARTS: tuple[PartName, ...] = get_args(PartName)
"""In the order in which they start: the registry keeps its schemas in PostgreSQL."""

TITLES: dict[PartName, str] = {"postgres": "PostgreSQL", "kafka": "Kafka", "registry": "The schema registry"}
PATIENCE_SECONDS = 90


@dataclass(frozen=True)
class Ports:
    """A loopback port for each server of the stack."""

    kafka: int
    controller: int
    registry: int
    registry_management: int
    postgres: int

    @classmethod
    def of(cls, settings: Settings) -> Ports:
        return cls(**{field.name: getattr(settings, f"local_{field.name}_port") for field in fields(cls)})

    @classmethod
    def free(cls) -> Ports:
        return cls(*ports.free_ports(len(fields(cls))))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls))


class LocalStack:
    """The parts of one state folder; a second object over the same folder continues with its passwords and data."""

    def __init__(self, folder: Path, ports: Ports, cache: Path, *, logins: bool = False) -> None:
        """`logins`: Kafka and registry ask everybody for a login. Raises PartFailed if `folder` is not ours alone."""
        children.make_private(folder)  # before a password is written into it
        self.folder = folder.resolve()
        self.ports = ports
        self.cache = cache.resolve()
        self.passwords = self._passwords()
        self.logins = self._logins() if logins else None

    @property
    def env_file(self) -> Path:
        return self.folder / "citygrid.env"

    @property
    def pseudonym_key_file(self) -> Path:
        return self.folder / "secrets" / "pseudonym.key"

    @property
    def logins_file(self) -> Path:
        return self.folder / "secrets" / "logins.json"

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def program(self, name: PartName) -> Program:
        """How to run a part; makes its storage on first use. Raises PartFailed."""
        children.make_private(self.folder)
        home, log, ports = self.folder / name, self.log(name), self.ports
        match name:
            case "postgres":
                return postgres.program(home, ports.postgres, self.passwords, log)
            case "kafka":
                node = kafka.Node(1, ports.kafka, ports.controller)
                return kafka.program(home, node, self.cache, log, passwords=self.logins and self.logins.kafka)
            case "registry":
                password = self.passwords["citygrid_registry"]
                return registry.program(
                    home,
                    ports.registry,
                    ports.registry_management,
                    ports.postgres,
                    password,
                    self.cache,
                    log,
                    self.logins and self.logins.registry,
                )

    def is_ready(self, name: PartName) -> bool:
        """Whether the part serves its clients."""
        match name:
            case "postgres":
                return postgres.is_ready(self.ports.postgres, self.passwords)
            case "kafka":
                return kafka.is_ready(self.ports.kafka, self.logins and self.logins.kafka)
            case "registry":
                return registry.is_ready(self.ports.registry, self.logins and self.logins.registry)

    def after_start(self, name: PartName) -> None:
        """What a part needs once it is ready and before others use it: the roles and databases."""
        if name == "postgres":
            postgres.make_roles(self.ports.postgres, self.passwords)

    def address(self, name: PartName) -> str:
        match name:
            case "postgres":
                return f"{ports.LOOPBACK}:{self.ports.postgres}"
            case "kafka":
                return f"{ports.LOOPBACK}:{self.ports.kafka}"
            case "registry":
                return registry.url(self.ports.registry)

    def start(
        self, wanted: Iterable[PartName] = PARTS, beside: Mapping[PartName, Child] | None = None
    ) -> dict[PartName, Child]:
        """Start parts as children of this thread, and what they stand on; returns when all are ready.

        Parts that run already (`beside`) are left alone. If one fails, those just started are stopped. Raises
        PartFailed, DownloadFailed.
        """
        running = beside or {}
        names = set(wanted)
        if "registry" in names:
            names.add("postgres")
        names -= running.keys()
        for name in ("kafka", "registry"):
            if name in names:
                downloads.fetch(downloads.pinned(name), self.cache)
        started: dict[PartName, Child] = {}
        try:
            for name in PARTS:
                if name not in names:
                    continue
                if name == "registry" and "postgres" in started:
                    self._wait("postgres", started["postgres"])
                started[name] = children.start(self.program(name))
            for name, child in started.items():
                self._wait(name, child)
        except BaseException:
            stop(started)
            raise
        return started

    def environment(self) -> dict[str, str]:
        """The settings (`CITYGRID_…`) under which every process finds this stack; with logins, that of whoever runs
        commands (a process of ours has one of its own: `login_of`)."""
        databases = {
            f"CITYGRID_DATABASE_{role.upper()}_DSN": self.dsn(f"citygrid_{role}")
            for role in ("owner", "sinks", "api", "doors")
        }
        moved = {f"CITYGRID_LOCAL_{f.name.upper()}_PORT": str(getattr(self.ports, f.name)) for f in fields(self.ports)}
        return {
            "CITYGRID_STATE_DIR": str(self.folder),
            "CITYGRID_KAFKA_BOOTSTRAP": self.address("kafka"),
            "CITYGRID_REGISTRY_URL": self.address("registry"),
            **databases,
            "CITYGRID_DATABASE_ADMIN_DSN": self.dsn(postgres.SUPERUSER),
            "CITYGRID_PSEUDONYM_KEY_FILE": str(self.pseudonym_key_file),
            **moved,
            **(logins.environment(self.logins) if self.logins else {}),
            **({"CITYGRID_LOCAL_LOGINS": "true", "CITYGRID_LOGINS_FILE": str(self.logins_file)} if self.logins else {}),
        }

    def login_of(self, process: str) -> dict[str, str]:
        """The settings that are this process's alone."""
        return logins.environment(self.logins, process) if self.logins and process in self.logins.kafka else {}

    def dsn(self, role: str, database: str = postgres.DATABASE) -> str:
        """The connection string of `role` to `database`."""
        return postgres.dsn(self.ports.postgres, role, self.passwords[role], database)

    def write_environment(self, more: dict[str, str] | None = None) -> Path:
        """Write `environment()` and `more` for all processes to read, mode 0600; makes the pseudonym key once."""
        if not self.pseudonym_key_file.exists():
            write_private(self.pseudonym_key_file, new_key())
        lines = [f"{name}='{value}'" for name, value in {**self.environment(), **(more or {})}.items()]
        write_private(self.env_file, "# Written by the local stack; holds passwords.\n" + "\n".join(lines) + "\n")
        return self.env_file

    def _wait(self, name: PartName, child: Child) -> None:
        ready = lambda: self.is_ready(name)  # noqa: E731 - a name for the argument reads best
        children.wait_until(TITLES[name], ready, lambda: child.alive, self.log(name), PATIENCE_SECONDS)
        self.after_start(name)

    def _logins(self) -> logins.Passwords:
        """Those that were made before, and one for each login that is new in this version."""
        known = logins.read(self.logins_file) if self.logins_file.exists() else None
        complete = logins.complete(known)
        if complete != known:
            write_private(self.logins_file, complete.text())
        return complete

    def _passwords(self) -> dict[str, str]:
        kept = self.folder / "secrets" / "database.json"
        passwords: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
        if missing := postgres.new_passwords().keys() - passwords.keys():
            passwords |= {role: word for role, word in postgres.new_passwords().items() if role in missing}
            write_private(kept, json.dumps(passwords))
        return passwords


def stop(started: dict[PartName, Child]) -> None:
    """Stop in reverse order."""
    for child in reversed(list(started.values())):
        child.stop()


def write_private(path: Path, text: str) -> None:
    """Write `path` so that only its owner can ever read it, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f".{path.name}.new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    scratch.replace(path)
