"""The database's tables and policies."""

from database.migrate import migrate
from runtime.settings import Settings


def run(settings: Settings) -> str:
    migrate(settings.dsn("owner"))
    return "database migrated"
