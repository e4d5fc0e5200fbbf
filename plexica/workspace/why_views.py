"""The page that says why somebody may do something, or may not."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from plexica.core.errors import Conflict, InvalidInput, NotFound
from plexica.core.htmx import render_page
from plexica.identity.models import User
from plexica.identity.selectors import get_person, list_people
from plexica.rbac.engine import snapshot_of
from plexica.rbac.explain import explain
from plexica.rbac.guards import require
from plexica.rbac.registry import Audience, list_definitions
from plexica.workspace.people_search import FOUND_SHOWN
from plexica.workspace.role_forms import WhyForm


@require_GET
@require("core:roles:view")
def why(request: HttpRequest) -> HttpResponse:
    """Explain one permission of a person, or show all that they may do."""
    form = WhyForm(request.GET or None)
    context: dict[str, Any] = {"form": form, "definitions": list_definitions(Audience.TENANT)}
    status = 200
    if form.is_bound:
        status = 200 if form.is_valid() and _answer(form, context) else 400
    return render_page(request, "workspace/why.html", context, status=status)


def _answer(form: WhyForm, context: dict[str, Any]) -> bool:
    """Put into the context what was asked for, and return whether that was possible."""
    wanted = form.cleaned_data
    people = _people(wanted["user"])
    if not people:
        form.add_error("user", _("There is nobody like that. Look for another name or address."))
        return False
    if len(people) > 1:
        context["people"] = people
        return True
    [person] = people
    context["person"] = person
    if not wanted["permission"]:
        snapshot = snapshot_of(person)
        context["all"] = [
            (definition, snapshot.allows(definition.key)) for definition in context["definitions"]
        ]
        return True
    try:
        context["found"] = explain(user=person, permission=wanted["permission"])
    except InvalidInput as error:
        form.add_refusal(error)
        return False
    return True


def _people(reference: str) -> list[User]:
    """Return the one who has the id or address, or else those with it in name or address."""
    if not reference:
        return []
    try:
        return [get_person(reference=reference)]
    except (NotFound, Conflict):
        return list(list_people(search=reference)[:FOUND_SHOWN])
