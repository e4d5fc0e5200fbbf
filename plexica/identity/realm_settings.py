"""Telling a tenant's realm what was changed here of its settings, once that is committed."""

from typing import Any

from django.utils.translation import gettext_noop

from plexica.core.errors import TransientError
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.realm_representation import tenant_settings
from plexica.identity.realm_security import put_second_factor
from tenants import login_rules, session_limits
from tenants.models import Tenant
from tenants.states import WHOLE_STATES, TenantState

# The columns of a tenant that its realm's settings are made from.
FOLLOWED = frozenset(
    {"name", "locale", "theme_colour", "logo", *session_limits.COLUMNS, *login_rules.COLUMNS}
)


def tell_realm_of_settings(payload: dict[str, Any]) -> None:
    """Set in a tenant's realm what follows from its row, once that has changed.

    Args:
        payload: Of the event `tenant.updated`.

    Raises:
        TransientError: Keycloak does not answer, or the tenant is still being made.
    """
    if not FOLLOWED & set(payload["changed"]):
        return
    told: tuple[dict[str, Any], bool] | None = None
    while True:
        tenant = Tenant.objects.filter(slug=payload["tenant"]).first()
        if tenant is None or tenant.state in {TenantState.FAILED, TenantState.DELETED}:
            # A realm that is made later is made with what is set then.
            return
        if tenant.state not in WHOLE_STATES:
            raise TransientError(gettext_noop("The tenant is still being made."))
        wanted = (tenant_settings(tenant), tenant.second_factor_required)
        if told == wanted:
            return
        # Another change may have been told meanwhile; so look again whether this is the last one.
        realm = realm_client(tenant)
        put_settings(realm, wanted[0])
        put_second_factor(realm, is_required=wanted[1])
        told = wanted


def put_settings(realm: RealmClient, wanted: dict[str, Any]) -> None:
    """Set what Plexica says of a realm, and leave all else, further attributes included."""
    there = realm.get_settings().get("attributes", {})
    realm.update_settings({**wanted, "attributes": there | wanted["attributes"]})
