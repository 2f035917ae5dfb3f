"""Structured logs: events with fields, JSON in a service, readable on a terminal, no personal value in either.

    log = structlog.get_logger()
    log.warning("event_dead_lettered", topic=topic, partition=partition, offset=offset, reason=reason)

Libraries that use `logging` (Faust, uvicorn) come out in the same form.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from runtime.settings import Settings

# Fields whose value says who somebody is, where he lives, or how to log in. A log never needs them: a record is found
# by topic, partition and offset, or by its department's own number.
NEVER_LOGGED = frozenset(
    {
        "address", "api_key", "authorization", "body", "born", "contact", "cookie", "dsn", "email", "father", "headers",
        "id_number", "identity", "identity_number", "key", "landlord", "line", "mother", "name", "owner", "params",
        "passwd", "password", "payload", "person", "phone", "plate", "pseudonym", "query", "relative", "row", "secret",
        "sql", "spouse", "subject", "tenant", "tenants", "token", "value",
    }
)  # fmt: skip
BLANK = "[not logged]"


def without_personal_values(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank every field of `NEVER_LOGGED`, at any depth of mappings."""
    for field, value in event.items():
        if field.lower() in NEVER_LOGGED:
            event[field] = BLANK
        elif isinstance(value, dict):
            event[field] = without_personal_values(_, __, dict(value))
    return event


def configure(settings: Settings, process: str) -> None:
    """Send this process's logs to standard error; `process` is its name in `citygrid status`."""
    console = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        without_personal_values,
    ]
    render: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if console:
        # plain tracebacks: the rich ones show local variables, and those hold people
        render.append(structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback))
    else:
        render += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=render))
    logging.basicConfig(handlers=[output], level=settings.log_level.upper(), force=True)
    structlog.contextvars.bind_contextvars(process=process)
