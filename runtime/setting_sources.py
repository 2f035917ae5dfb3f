"""Where settings come from, and how a mistake in one is told.

The first that has it: the environment (`CITYGRID_…`), the file that `CITYGRID_ENV_FILE` names (the local stack writes
`citygrid.env` into its state folder), `.env` in the working folder, a secret file in `CITYGRID_SECRETS_DIR` (as Docker
and Kubernetes mount them: one file a setting, `citygrid_database_api_dsn`), the default.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar, get_args

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime import production

CHECKOUT = Path(__file__).resolve().parent.parent
S = TypeVar("S", bound=BaseSettings)


class SettingsRefused(Exception):
    """The settings do not allow a start; the message says which setting and what to do about it."""


class Name(NamedTuple):
    """A setting as it is called outside; the file of a secret has the same name in small letters."""

    name: str
    is_secret: bool


class OwnSettings(BaseSettings):
    """Settings that one plug-in alone reads: they stand in its own file. Its subclass says how their names begin and
    what each is: `class Office(OwnSettings, env_prefix="CITYGRID_FACILITY_OFFICE_")`. What has no default must be set
    before the process starts; what is a SecretStr is a file among the containers' secrets."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True)

    @classmethod
    def load(cls) -> Self:
        """As they are set. Raises SettingsRefused with a sentence that names the setting; in production also of an
        address without TLS and of a secret that one would guess."""
        own = loaded(cls)
        if loaded(_Installation).mode == "production" and (faults := production.own_faults(own)):
            raise SettingsRefused("\n".join(faults))
        return own

    @classmethod
    def names(cls) -> list[Name]:
        """What may be set."""
        prefix = cls.model_config.get("env_prefix", "")
        return [Name(f"{prefix}{name}".upper(), _is_secret(it.annotation)) for name, it in cls.model_fields.items()]


class _Installation(BaseSettings):
    """What of `Settings` says where the others are, and how strict one is."""

    model_config = SettingsConfigDict(env_prefix="CITYGRID_", extra="ignore")
    state_dir: Path = CHECKOUT / "state"
    mode: str = "demo"


def loaded(of: type[S], env_file: Path | None = None) -> S:
    """`of`, whose `env_prefix` begins its settings' names. `env_file` stands in for `CITYGRID_ENV_FILE`; without either
    it is `citygrid.env` in the state folder. Raises SettingsRefused with a sentence for a person: which setting, what
    is wrong, and no secret in it."""
    made: Any = of  # every BaseSettings takes where to look; its type does not say so
    try:
        named = env_file or os.environ.get("CITYGRID_ENV_FILE")
        here: Any = _Installation
        state = Path(named) if named else here(_env_file=".env").state_dir / "citygrid.env"
        if named and not state.is_file():
            raise SettingsRefused(f"The settings file {state} is not there: mend CITYGRID_ENV_FILE or run `make up`.")
        settings: S = made(_env_file=(".env", state), _secrets_dir=os.environ.get("CITYGRID_SECRETS_DIR"))
    except ValidationError as refused:
        prefix = of.model_config.get("env_prefix", "")
        sentences = (_sentence(prefix, error["loc"], error["msg"]) for error in refused.errors())
        raise SettingsRefused("\n".join(sentences)) from None
    return settings


def _sentence(prefix: str, where: tuple[int | str, ...], message: str) -> str:
    reason = "set it" if message == "Field required" else message.removeprefix("Value error, ")
    return f"{prefix}{'_'.join(str(part) for part in where).upper()}: {reason}." if where else reason


def _is_secret(annotation: Any) -> bool:
    return SecretStr in (annotation, *get_args(annotation))
