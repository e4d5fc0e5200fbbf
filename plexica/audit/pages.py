"""What the pages of the audit show, in the console and in workspaces alike."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from plexica.audit.exports import FORMATS, MAX_EXPORTED
from plexica.audit.forms import AuditFilterForm
from plexica.audit.models import AuditEntry
from plexica.audit.selectors import list_actions, search_entries
from plexica.audit.targets import names_of_targets, split_target
from plexica.audit.words import ACTOR_WORDS, TARGET_WORDS, changes_of, words_of
from plexica.core.pagination import InvalidCursor, take_page

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """An entry with words.

    Attributes:
        entry: The entry.
        target_kind: What kind of thing it happened to.
        target_name: What that is called; its id where nobody names it.
        is_named: Whether it is still there and has that name today.
    """

    entry: AuditEntry
    target_kind: str
    target_name: str
    is_named: bool


def rows_of(entries: list[AuditEntry]) -> list[Row]:
    """Return entries with the names of what they tell of; one query a kind of target."""
    names = names_of_targets(entries)
    return [_row(entry, names) for entry in entries]


def list_context(form: AuditFilterForm) -> dict[str, Any]:
    """Return what the list shows of the audit of the current scope.

    Args:
        form: What is looked for. It learns which actions there are, and says what is wrong.

    Returns:
        `form`, `rows`, `query`, `is_filtered`, and the addresses of the pages beside this one.
    """
    form.offer(list_actions())
    query = form.query()
    context: dict[str, Any] = {
        "form": form,
        "rows": [],
        "query": query,
        "is_filtered": bool(query),
        "formats": FORMATS,
        "max_exported": MAX_EXPORTED,
    }
    if not form.is_valid():
        return context
    try:
        page = take_page(
            search_entries(form.search()),
            ordering="-at",
            cursor=form.cleaned_data["cursor"],
            page_size=PAGE_SIZE,
            query=query,
        )
    except InvalidCursor as error:
        form.add_error(None, error.detail)
        return context
    return context | {
        "rows": rows_of(page.rows),
        "newer": _address(query, page.previous_cursor),
        "older": _address(query, page.next_cursor),
    }


def entry_context(entry: AuditEntry) -> dict[str, Any]:
    """Return what the page of one entry shows."""
    [row] = rows_of([entry])
    return {
        "row": row,
        "entry": entry,
        "actor_kind": words_of(entry.actor_kind, ACTOR_WORDS),
        "changes": changes_of(entry),
        "has_before": entry.before is not None,
        "has_after": entry.after is not None,
    }


def _row(entry: AuditEntry, names: dict[str, str]) -> Row:
    kind, identity = split_target(entry.target)
    name = names.get(entry.target)
    return Row(
        entry=entry,
        target_kind=words_of(kind, TARGET_WORDS),
        target_name=name or identity,
        is_named=name is not None,
    )


def _address(query: dict[str, str], cursor: str | None) -> str:
    if cursor is None:
        return ""
    address = QueryDict(mutable=True)
    address.update(query | {"cursor": cursor})
    return f"?{address.urlencode()}"
