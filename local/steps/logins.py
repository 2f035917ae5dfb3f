"""Kafka's logins, and what each may do."""

from runtime.settings import Settings


def run(settings: Settings) -> str:
    if settings.logins_file is None:
        return "Kafka asks for no login"
    from processes.kafka_logins import ensure_logins  # what it needs, nobody else does

    return ensure_logins(settings)
