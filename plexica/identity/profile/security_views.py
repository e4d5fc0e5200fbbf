"""The page of one's own password and second factors, which the realm keeps."""

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from plexica.core.client_address import client_address
from plexica.core.errors import InvalidInput, OutwardError
from plexica.core.htmx import render_page
from plexica.core.rate_limits import count_try
from plexica.identity.browser_sessions import browser_session_of, kept_tokens
from plexica.identity.guards import logged_in
from plexica.identity.keycloak.account import Account, FactorKind
from plexica.identity.oidc.actions import is_action
from plexica.identity.oidc.views import begin_login
from plexica.identity.profile.factors import ShownKind, shown_kinds, usual_kinds
from plexica.identity.profile.forms import ActionForm
from plexica.identity.profile.places import address_here
from plexica.identity.profile.views import page_of
from plexica.identity.providers import current_provider

logger = structlog.get_logger(__name__)


@require_safe
@logged_in
def profile_security(request: HttpRequest) -> HttpResponse:
    """Show with what the person proves who they are, as their realm tells it."""
    found = _kinds(request)
    kinds: list[ShownKind] = usual_kinds() if found is None else shown_kinds(found)
    return render_page(
        request,
        "identity/security.html",
        {
            "kinds": kinds,
            "is_realm_known": found is not None,
            **page_of(request, "profile_security"),
        },
    )


@require_POST
@logged_in
def profile_security_begin(request: HttpRequest) -> HttpResponse:
    """Lead the browser to the realm, which does it and sends it back."""
    count_try("login", address=client_address(request))
    form = ActionForm(request.POST)
    if not form.is_valid() or not is_action(form.cleaned_data["action"]):
        raise InvalidInput(_("Choose what to change."))
    return begin_login(
        request,
        next_path=address_here(request, "profile_security"),
        action=form.cleaned_data["action"],
    )


def _kinds(request: HttpRequest) -> list[FactorKind] | None:
    current = browser_session_of(request)
    token = kept_tokens(current).get("access_token", "") if current else ""
    try:
        return Account(current_provider(), token).list_factors()
    except OutwardError as error:
        logger.info("factors_unknown", reason=str(error))
        return None
