"""The database's tables and policies."""

from runtime.settings import Settings
from sinks.migrate import migrate


def run(settings: Settings) -> str:
    migrate(settings.dsn("owner"))
    return "database migrated"
