"""Pages of a list that stay right while rows come and go.

A cursor names the row that a page ended at, by the value it is ordered by and its id; the next
page is what comes after that row. Nothing is skipped or shown twice when rows are added before it,
as it would be by counting. A cursor is signed for its list: it is one that was given out for the
same search in the same order, or it is refused.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_noop

from plexica.core.errors import InvalidInput

_DESCENDING = "-"

Row = TypeVar("Row", bound=Model)


class InvalidCursor(InvalidInput):
    """The cursor is not one that this list gave out."""

    code = "invalid-cursor"
    title = gettext_noop("The cursor is not acceptable")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list.

    Attributes:
        rows: The rows, in the list's order.
        next_cursor: The cursor of the page after this one, or None.
        previous_cursor: The cursor of the page before this one, or None.
    """

    rows: list[Row]
    next_cursor: str | None
    previous_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Position:
    """The row, by value and id, that a page begins after or, backwards, ends before."""

    value: str
    id: str
    is_backwards: bool


def take_page(
    rows: QuerySet[Row], *, ordering: str, cursor: str, page_size: int, query: Mapping[str, Any]
) -> Page[Row]:
    """Return one page of a list.

    Args:
        rows: The whole list.
        ordering: The field that orders it, with `-` in front for the last first. Rows with equal
            values are ordered by their id, in the same direction.
        cursor: Where the page is; empty for the first one.
        page_size: How many rows a page has at most.
        query: What the list was asked for; a cursor of another query is refused.

    Raises:
        InvalidCursor: The cursor was not given out for this query.
    """
    salt = _salt(ordering, query)
    position = _read(cursor, salt) if cursor else None
    is_backwards = position is not None and position.is_backwards
    field = ordering.removeprefix(_DESCENDING)
    sign = _DESCENDING if ordering.startswith(_DESCENDING) != is_backwards else ""
    if position:
        rows = rows.filter(_beyond(rows.model, field, position, "lt" if sign else "gt"))
    found = list(rows.order_by(f"{sign}{field}", f"{sign}pk")[: page_size + 1])
    has_more = len(found) > page_size
    found = found[:page_size]
    if is_backwards:
        found.reverse()

    def cursor_at(row: Row, *, backwards: bool) -> str:
        texts = [_model_field(type(row), name).value_to_string(row) for name in (field, "pk")]
        return signing.dumps([*texts, backwards], salt=salt)

    has_next = is_backwards or has_more
    has_previous = has_more if is_backwards else position is not None
    return Page(
        rows=found,
        next_cursor=cursor_at(found[-1], backwards=False) if found and has_next else None,
        previous_cursor=cursor_at(found[0], backwards=True) if found and has_previous else None,
    )


def _salt(ordering: str, query: Mapping[str, Any]) -> str:
    return "plexica.api.cursor:" + json.dumps([ordering, query], sort_keys=True)


def _read(cursor: str, salt: str) -> _Position:
    try:
        return _Position(*signing.loads(cursor, salt=salt))
    except signing.BadSignature as error:
        raise InvalidCursor(
            "Take the cursor from a page of this very list, and keep search, state and ordering.",
            fields={"cursor": ["This is no cursor of this list."]},
        ) from error


def _beyond(model: type[Model], field: str, position: _Position, comparison: str) -> Q:
    value = _model_field(model, field).to_python(position.value)
    identity = _model_field(model, "pk").to_python(position.id)
    # The first condition says nothing new, but an index can begin at it.
    return Q(**{f"{field}__{comparison}e": value}) & (
        Q(**{f"{field}__{comparison}": value}) | Q(**{field: value, f"pk__{comparison}": identity})
    )


def _model_field(model: type[Model], name: str) -> Any:
    options = model._meta  # noqa: SLF001 (Django's documented Options)
    return options.pk if name == "pk" else options.get_field(name)
