"""The audit as a file."""

import json
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from plexica.audit.models import AuditEntry
from plexica.audit.selectors import walk_entries
from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.exports import CSV, JSON_LINES, csv_lines, file_response, json_lines

# Whoever needs more narrows the time, and takes several files.
MAX_EXPORTED = 100_000
FORMATS = {"csv": _("CSV"), "jsonl": _("JSON lines")}
_COLUMNS = (
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "action",
    "target",
    "before",
    "after",
    "request_id",
)
_NESTED = ("before", "after")


def note_export(*, actor: Actor, of: str, file_format: str, search: dict[str, str]) -> None:
    """Write into the audit of the current scope that somebody takes it away.

    Args:
        actor: Who.
        of: Whose audit it is: a tenant's slug, or `platform`.
        file_format: One of `FORMATS`.
        search: What it was narrowed to, as in the address of the page.
    """
    with transaction.atomic():
        record(
            actor=actor,
            action="audit.exported",
            target=f"audit:{of}",
            after={"format": file_format, "search": search},
        )


def export_entries(
    entries: QuerySet[AuditEntry], *, of: str, file_format: str
) -> StreamingHttpResponse:
    """Return entries as a file: the newest `MAX_EXPORTED` of them.

    Args:
        entries: Which; they are read in the scope that the file is sent in.
        of: Whose audit it is: a tenant's slug, or `platform`.
        file_format: One of `FORMATS`.
    """
    rows = (_values(entry) for entry in walk_entries(entries, limit=MAX_EXPORTED))
    name = f"audit-{of}-{timezone.localdate().isoformat()}"
    if file_format == "jsonl":
        return file_response(json_lines(rows), content_type=JSON_LINES, filename=f"{name}.jsonl")
    return file_response(
        csv_lines(_COLUMNS, _cells(rows)), content_type=CSV, filename=f"{name}.csv"
    )


def _values(entry: AuditEntry) -> dict[str, Any]:
    return {"at": entry.at.isoformat()} | {name: getattr(entry, name) for name in _COLUMNS[1:]}


def _cells(rows: Iterator[dict[str, Any]]) -> Iterator[list[object]]:
    for row in rows:
        yield [
            json.dumps(value, ensure_ascii=False)
            if name in _NESTED and value is not None
            else value
            for name, value in row.items()
        ]
