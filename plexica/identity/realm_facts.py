"""What the console shows of a tenant's realm, asked of Keycloak now and not for long."""

from dataclasses import dataclass

from plexica.core.crypto import UndecryptableError
from plexica.core.errors import PermanentError
from plexica.identity.keycloak.errors import KeycloakNotFound, KeycloakUnauthorized
from plexica.identity.keycloak.realm import realm_client
from tenants.models import Tenant

READ_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class RealmFacts:
    """What a realm is now.

    Attributes:
        is_there: Whether Plexica's account inside the realm finds it.
        is_enabled: Whether the realm is switched on.
        users: How many users it has; programs' accounts are not among them.
    """

    is_there: bool
    is_enabled: bool = False
    users: int = 0


def get_realm_facts(*, tenant: Tenant) -> RealmFacts:
    """Ask a tenant's realm about itself.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak does not accept Plexica's account.
    """
    try:
        realm = realm_client(tenant, read_seconds=READ_SECONDS)
    except (KeyError, UndecryptableError) as error:
        raise PermanentError("The secret of Plexica's account is not kept.") from error
    try:
        settings = realm.get_settings()
        return RealmFacts(is_there=True, is_enabled=settings["enabled"], users=realm.count_users())
    except (KeycloakNotFound, KeycloakUnauthorized):
        return RealmFacts(is_there=False)
