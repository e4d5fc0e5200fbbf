"""Finding a person to be chosen, on the pages that ask for one."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from plexica.identity.models import User
from plexica.identity.selectors import list_people
from plexica.workspace.role_forms import PeopleForm

FOUND_SHOWN = 10
PAGE_SIZE = 25


def search_people(
    request: HttpRequest, *, shown: QuerySet[Any], without: QuerySet[Any]
) -> dict[str, Any]:
    """Return what a page shows of people: those who are there, and those who are looked for.

    Args:
        request: Its query says who is looked for (`who`), and which page is shown.
        shown: The rows of those who are there.
        without: The ids of people who are not to be found, as they are there already.

    Returns:
        `people_form`, `page`, `who` and `found`: ten active people at most, none without a search.
    """
    form = PeopleForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    who = wanted.get("who", "")
    return {
        "people_form": form,
        "page": _page(shown, wanted.get("page")),
        "who": who,
        "found": find_people(who).exclude(pk__in=without)[:FOUND_SHOWN] if who else [],
    }


def find_people(who: str) -> QuerySet[User]:
    """Return the active people whose name or address has some words."""
    return list_people(is_active=True, search=who)


def _page(rows: QuerySet[Model], number: int | None) -> Any:
    return Paginator(rows, PAGE_SIZE).get_page(number or 1)
