"""Every schema, registered with its compatibility."""

from runtime.settings import Settings
from wire.topics import ensure_schemas


def run(settings: Settings) -> str:
    ensure_schemas(settings)
    return "schemas registered"
