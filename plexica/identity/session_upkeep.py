"""What follows the sessions of browsers in the background: told to realms, cleared by the clock."""

from typing import Any

import structlog
from celery import current_app
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_noop
from kombu.exceptions import OperationalError

from plexica.core.errors import TransientError
from plexica.core.scope import current_scope, platform_scope
from plexica.identity.browser_sessions import ENDED_KEPT_FOR
from plexica.identity.keycloak.errors import KeycloakNotFound
from plexica.identity.keycloak.master import master_client
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import BrowserSession, EndedSession, UsedLogoutToken
from plexica.identity.providers import PLATFORM_REALM
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.selectors import get_tenant
from tenants.session_limits import SessionLimits, limits_of
from tenants.states import WHOLE_STATES

PLATFORM_TASK = "identity.end_platform_sessions"
PLATFORM_KEYCLOAK = "default"

logger = structlog.get_logger(__name__)


def end_at_realm(payload: dict[str, Any]) -> None:
    """Have the realm of the current scope end all sessions of a person.

    The web's processes have no power in the platform's realm, so the provisioner does that.

    Args:
        payload: Of the event `user.logged_out_everywhere`.

    Raises:
        TransientError: Keycloak or the broker does not answer.
    """
    slug = current_scope().tenant_slug
    if slug is None:
        try:
            current_app.send_task(PLATFORM_TASK, kwargs={"subject": payload["subject"]})
        except (OperationalError, OSError) as error:
            raise TransientError(gettext_noop("The broker does not answer.")) from error
        return
    try:
        realm_client(get_tenant(slug=slug)).end_user_sessions(payload["subject"])
    except KeycloakNotFound:
        # They are gone, and their sessions with them.
        logger.info("person_gone_from_realm", subject=payload["subject"])


def end_platform_sessions(*, subject: str) -> None:
    """Have the platform's realm end all sessions of a person.

    Raises:
        TransientError: Keycloak does not answer.
    """
    try:
        master_client(PLATFORM_KEYCLOAK).call("POST", f"/{PLATFORM_REALM}/users/{subject}/logout")
    except KeycloakNotFound:
        logger.info("person_gone_from_realm", subject=subject)


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
