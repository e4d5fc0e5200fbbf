"""The page on which an owner makes somebody else the owner in their place."""

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from plexica.core.errors import Conflict, InvalidInput, NotFound
from plexica.core.htmx import render_page
from plexica.identity.actors import actor_of
from plexica.identity.selectors import get_person
from plexica.rbac.guards import require
from plexica.rbac.services import hand_over_ownership
from plexica.workspace.people_search import FOUND_SHOWN, find_people
from plexica.workspace.role_forms import OwnershipForm, PeopleForm

if TYPE_CHECKING:
    from plexica.identity.models import User
    from tenants.models import Tenant


@require_http_methods(["GET", "HEAD", "POST"])
@require("ownership:workspace:hand-over")
def ownership(request: HttpRequest) -> HttpResponse:
    """Look for a successor, ask whether it is meant, and hand the ownership over."""
    tenant: Tenant = request.tenant  # type: ignore[attr-defined] # TenantMiddleware sets it
    owner = cast("User", request.user)
    if request.method != "POST":
        people_form = PeopleForm(request.GET)
        who = people_form.cleaned_data["who"] if people_form.is_valid() else ""
        found = find_people(who).exclude(pk=owner.pk)[:FOUND_SHOWN] if who else []
        return render_page(
            request,
            "workspace/ownership.html",
            {"people_form": people_form, "who": who, "found": found},
        )
    form = OwnershipForm(request.POST, slug=tenant.slug)
    successor = _successor(form)
    if "confirm" not in request.POST:
        # They have been chosen, and nothing is confirmed yet.
        form, status = OwnershipForm(initial={"successor": successor.pk}, slug=tenant.slug), 200
    elif form.is_valid():
        try:
            hand_over_ownership(owner=owner, successor=successor, actor=actor_of(request))
        except (InvalidInput, Conflict) as error:
            form.add_refusal(error)
            status = error.status
        else:
            messages.success(request, _("%(person)s is the owner now.") % {"person": successor})
            return redirect("workspace:dashboard")
    else:
        status = 400
    return render_page(
        request,
        "workspace/ownership_confirm.html",
        {"form": form, "successor": successor, "slug": tenant.slug},
        status=status,
    )


def _successor(form: OwnershipForm) -> "User":
    form.is_valid()
    chosen = form.cleaned_data.get("successor")
    if chosen is None:
        raise NotFound(_("There is nobody here with this id or address."))
    return get_person(reference=str(chosen))
