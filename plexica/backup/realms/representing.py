"""A realm that comes back: what was in the archive, and what Plexica says of every realm."""

from typing import Any

from plexica.backup.restoration import Restoration
from plexica.core.errors import PermanentError
from plexica.identity.providers import MANAGEMENT_CLIENT, WORKSPACE_CLIENT
from tenants.models import Tenant

_OWN_CLIENTS = frozenset({MANAGEMENT_CLIENT, WORKSPACE_CLIENT})
# What the realm's people say of it; Plexica only begins with something.
_THEIR_OWN = ("loginTheme",)


def restored_realm(tenant: Tenant, own: dict[str, Any], restoration: Restoration) -> dict[str, Any]:
    """Return the representation that a realm is made from anew.

    Args:
        tenant: Whose it is.
        own: What Plexica makes every realm with.
        restoration: What is restored.

    Raises:
        PermanentError: The archive has no realm.
    """
    kept = restoration.renaming(tenant).of_realm(read_realm_of(restoration))
    components = {**own["components"], **kept.get("components", {})}
    clients = [
        client for client in kept.get("clients", ()) if client["clientId"] not in _OWN_CLIENTS
    ]
    realm = {
        **{name: value for name, value in kept.items() if name != "id"},
        **{
            name: value for name, value in own.items() if name not in _THEIR_OWN or name not in kept
        },
        "attributes": {**kept.get("attributes", {}), **own["attributes"]},
        "components": components,
        "clients": [*clients, *_own_clients(own, kept)],
    }
    # Keycloak makes the role itself, and takes the composites of the one that is named.
    realm.pop("users", None)
    return {**realm, "users": own["users"]}


def read_realm_of(restoration: Restoration) -> dict[str, Any]:
    """Return the realm that an archive has, without its people.

    Raises:
        PermanentError: It has none.
    """
    with restoration.archive.section(restoration.section("realm")) as members:
        for member in members:
            if member.name == "realm.json":
                found: dict[str, Any] = member.document()
                return found
    raise PermanentError("The archive has no realm.")


def _own_clients(own: dict[str, Any], kept: dict[str, Any]) -> list[dict[str, Any]]:
    """Return Plexica's clients, with what the archive has of them beyond that."""
    known = {client["clientId"]: client for client in kept.get("clients", ())}
    return [{**known.get(client["clientId"], {}), **client} for client in own["clients"]]
