"""What follows the sessions of browsers in the background: told to realms, cleared by the clock."""

from typing import Any

import structlog
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from plexica.core.crypto import Rotation, rotate_rows
from plexica.core.postgresql.missing import is_table_missing
from plexica.core.scope import current_scope, platform_scope
from plexica.identity.actors import actor_of_user
from plexica.identity.browser_sessions import ENDED_KEPT_FOR
from plexica.identity.keycloak.errors import KeycloakNotFound
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import BrowserSession, EndedSession, UsedLogoutToken, User
from plexica.identity.realm_changes import ask_realm, attempt_soon
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.selectors import get_tenant
from tenants.session_limits import SessionLimits, limits_of
from tenants.states import WHOLE_STATES

logger = structlog.get_logger(__name__)


def end_at_realm(payload: dict[str, Any]) -> None:
    """Have the realm of the current scope end all sessions of a person.

    Only the provisioner has power in the realm of the platform's staff. So there it is written
    down, and the provisioner does it until it is done.

    Args:
        payload: Of the event `user.logged_out_everywhere`.

    Raises:
        TransientError: Keycloak does not answer.
    """
    slug = current_scope().tenant_slug
    if slug is None:
        _end_at_platform_realm(payload["user"])
        return
    try:
        realm_client(get_tenant(slug=slug)).end_user_sessions(payload["subject"])
    except KeycloakNotFound:
        # They are gone, and their sessions with them.
        logger.info("person_gone_from_realm", subject=payload["subject"])


def _end_at_platform_realm(user_id: str) -> None:
    user = User.objects.select_for_update().filter(pk=user_id, removed_at__isnull=True).first()
    if user is not None:
        ask_realm(user=user, actor=actor_of_user(user), ends_sessions=True)
        attempt_soon(tenant=None, users=[user])


def rotate_session_tokens(*, is_dry: bool) -> Rotation:
    """Encrypt the tokens of all sessions with the current key, or only count them."""
    with platform_scope():
        found = rotate_rows(BrowserSession.objects.all(), "tokens", is_dry=is_dry)
        tenants = list(Tenant.objects.filter(state__in=WHOLE_STATES))
    for tenant in tenants:
        with tenant_scope(tenant):
            if not is_table_missing(BrowserSession):
                found += rotate_rows(BrowserSession.objects.all(), "tokens", is_dry=is_dry)
    return found


def clear_sessions() -> None:
    """Remove the sessions that are over, and what was kept of those that have ended, everywhere."""
    with platform_scope():
        _clear(limits_of(None))
        tenants = list(Tenant.objects.filter(state__in=WHOLE_STATES))
    for tenant in tenants:
        try:
            with tenant_scope(tenant):
                _clear(limits_of(tenant))
        except Exception:
            # One tenant that is broken keeps nothing from the others.
            logger.exception("sessions_not_cleared", slug=tenant.slug)


def _clear(limits: SessionLimits) -> None:
    now = timezone.now()
    over = BrowserSession.objects.filter(
        Q(created_at__lte=now - limits.longest) | Q(last_seen_at__lte=now - limits.idle)
    )
    Session.objects.filter(pk__in=list(over.values_list("session_id", flat=True))).delete()
    Session.objects.filter(expire_date__lte=now).delete()
    BrowserSession.objects.filter(~Exists(Session.objects.filter(pk=OuterRef("session")))).delete()
    EndedSession.objects.filter(ended_at__lte=now - ENDED_KEPT_FOR).delete()
    UsedLogoutToken.objects.filter(expires_at__lte=now).delete()
