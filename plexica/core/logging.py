"""Logs: one JSON object a line, with the request's id and the tenant."""

from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from plexica.core.observe.tracing import add_trace
from plexica.core.scope import current_scope_or_none


def add_tenant(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the tenant of the current scope; `platform` in the platform's own."""
    scope = current_scope_or_none()
    if scope is not None:
        event.setdefault("tenant", scope.tenant_slug or "platform")
    return event


_SHARED_PROCESSORS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    add_tenant,
    add_trace,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(*, level: str) -> dict[str, Any]:
    """Return Django's `LOGGING`, and set structlog up to go the same way.

    Args:
        level: The least severe level that is written, such as `INFO`.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED_PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED_PROCESSORS,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    structlog.processors.JSONRenderer(),
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": level, "propagate": False},
            # It repeats every refused request, which the request log has already.
            "django.request": {"level": "ERROR"},
        },
    }
