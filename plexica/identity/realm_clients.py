"""The clients of a realm, in the form that Keycloak's admin API takes."""

from typing import Any

from django.conf import settings

from plexica.identity.providers import CALLBACK_PATH, LOGGED_OUT_PATH, WORKSPACE_CLIENT
from tenants.middleware import BACKCHANNEL_PATH


def backchannel_address(realm: str) -> str:
    """Return where a realm tells Plexica of sessions that have ended."""
    return f"{settings.PLEXICA_INTERNAL_URL}{BACKCHANNEL_PATH}{realm}/"


def browser_client(
    client_id: str, *, name: str, realm: str, home_url: str, secret: str
) -> dict[str, Any]:
    """Return a confidential client for the authorization code flow with PKCE.

    Args:
        client_id: Its name in tokens.
        name: Its name for people.
        realm: The realm that it is in.
        home_url: The one host that it logs in to, without a slash at the end.
        secret: Its secret.
    """
    return {
        "clientId": client_id,
        "name": name,
        "protocol": "openid-connect",
        "enabled": True,
        "publicClient": False,
        "secret": secret,
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "baseUrl": f"{home_url}/",
        # The home page is where a person goes on after setting a password by mail.
        "redirectUris": [f"{home_url}{CALLBACK_PATH}", f"{home_url}/"],
        # What Keycloak makes of the redirect addresses if it is told nothing.
        "webOrigins": [home_url],
        "attributes": {
            "pkce.code.challenge.method": "S256",
            # Keycloak's way to write a list.
            "post.logout.redirect.uris": f"{home_url}/##{home_url}{LOGGED_OUT_PATH}",
            "backchannel.logout.url": backchannel_address(realm),
            # So that the token names the session that has ended, and not only the person.
            "backchannel.logout.session.required": "true",
        },
        "protocolMappers": [audience_mapper(client_id), _roles_mapper()],
    }


def service_client(client_id: str, *, name: str, secret: str) -> dict[str, Any]:
    """Return a confidential client that acts for itself only."""
    return {
        "clientId": client_id,
        "name": name,
        "protocol": "openid-connect",
        "enabled": True,
        "publicClient": False,
        "secret": secret,
        "standardFlowEnabled": False,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": True,
        "redirectUris": [],
        "webOrigins": [],
    }


def program_client(client_id: str, *, secret: str) -> dict[str, Any]:
    """Return the client of a tenant's service account, whose tokens open the workspace's API.

    Its tokens name no roles of the realm that nobody gave it: what it may do, Plexica knows.
    """
    return {
        **service_client(client_id, name="Service account of the workspace", secret=secret),
        "fullScopeAllowed": False,
        "protocolMappers": [audience_mapper(WORKSPACE_CLIENT)],
    }


def service_user(client_id: str, realm: str) -> dict[str, Any]:
    """Return the user that a client acts as."""
    return {
        "username": f"service-account-{client_id}",
        "serviceAccountClientId": client_id,
        "enabled": True,
        "realmRoles": [f"default-roles-{realm}"],
    }


def audience_mapper(audience: str) -> dict[str, Any]:
    """Return what names a client as the audience of access tokens."""
    return {
        "name": f"audience {audience}",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {
            "included.client.audience": audience,
            "access.token.claim": "true",
            "id.token.claim": "false",
        },
    }


def _roles_mapper() -> dict[str, Any]:
    return {
        "name": "realm roles",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-usermodel-realm-role-mapper",
        "config": {
            "claim.name": "realm_access.roles",
            "jsonType.label": "String",
            "multivalued": "true",
            "access.token.claim": "true",
            "id.token.claim": "true",
        },
    }
