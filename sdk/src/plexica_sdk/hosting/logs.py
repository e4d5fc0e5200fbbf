"""The log: a line of JSON for each record, on the standard output."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from plexica_sdk.hosting.context import current_or_none


class JsonFormatter(logging.Formatter):
    """Writes a record as a line, with the id of the present request and its tenant."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if context := current_or_none():
            line |= {"request_id": context.request_id, "tenant": context.tenant.slug}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "json",
        }
    },
    "root": {"handlers": ["stdout"], "level": "INFO"},
    # Django sets handlers of its own beside these.
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # What is wrong with a request, the access line says.
        "django.request": {"level": "ERROR"},
        "waitress.queue": {"level": "ERROR"},
    },
}
