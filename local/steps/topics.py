"""Every topic that the city speaks on."""

from runtime.settings import Settings
from wire.topics import ensure_topics


def run(settings: Settings) -> str:
    ensure_topics(settings)
    return "topics created"
