"""The master realm's service account: it makes realms and then gives its power over them away.

Every realm adds a client `<realm>-realm` with about 18 roles to the master realm, and those roles
to its composite role `admin`. All that the administrator does expands that composite, so it slows
down with every realm. Taken out again, everything stays as quick as with few realms, and the
account inside the realm does the rest.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop

from plexica.identity.keycloak.admin import AdminClient
from plexica.identity.keycloak.errors import (
    KeycloakConflict,
    KeycloakForbidden,
    KeycloakNotFound,
)
from plexica.identity.keycloak.tokens import ServiceAccount, drop_token, get_token

CREATE_SECONDS = 60.0
MASTER = "master"
ADMIN = "admin"
PAGE = 100
# Making a realm keeps Keycloak's processors busy for about a second. Ten at once would all end when
# the last one does, near the time limit; two at a time end one after the other, as soon in all.
MAX_AT_ONCE = 2
_heavy_work = threading.BoundedSemaphore(MAX_AT_ONCE)
_SPARE_PREFIX = "plexica-spare-"
_ADMIN_COMPOSITES = f"/roles/{ADMIN}/composites"


@dataclass(frozen=True, slots=True)
class SpareAccount:
    """The account of the master realm that a realm's roles were left with.

    Attributes:
        holds_power: Whether it has them, so that power over the realm can be taken.
        is_admin: Whether it may also do all else in the master realm, which it should not.
    """

    holds_power: bool
    is_admin: bool


class MasterClient(AdminClient):
    """What is done to realms from outside of them. It never lists realms: that takes minutes."""

    def create_realm(self, representation: dict[str, Any]) -> None:
        """Make a realm with all that is in it.

        Raises:
            KeycloakConflict: There is a realm of this name.
            TransientError: No answer; the realm may be there or not.
            PermanentError: Keycloak refuses the representation.
        """
        with _heavy_work:
            self.call("POST", "", body=representation, read_seconds=CREATE_SECONDS)

    def exists(self, realm: str) -> bool:
        """Return whether there is a realm of this name, whoever made it."""
        try:
            self.call("GET", f"/{realm}")
        except KeycloakNotFound:
            return False
        except KeycloakForbidden:
            # A realm that this account has no power over any more.
            return True
        return True

    def get_realm(self, realm: str) -> dict[str, Any]:
        """Return a realm's settings; needs power over it.

        Raises:
            KeycloakNotFound: There is no such realm.
            KeycloakForbidden: This account has no power over it; see `take_power`.
        """
        found: dict[str, Any] = self.call("GET", f"/{realm}").body
        if "enabled" not in found:
            # Without the power, Keycloak answers with no more than the realm's look.
            raise KeycloakForbidden(gettext_noop("Plexica's account lacks a right in Keycloak."))
        return found

    def update_realm(self, realm: str, representation: dict[str, Any]) -> None:
        """Change a realm's settings; needs power over it."""
        self.call("PUT", f"/{realm}", body=representation)

    def delete_realm(self, realm: str) -> None:
        """Delete a realm with all that is in it; needs power over it."""
        with _heavy_work:
            self.call("DELETE", f"/{realm}", read_seconds=CREATE_SECONDS)

    def has_login_theme(self, name: str) -> bool:
        """Return whether this Keycloak has a theme for its login pages."""
        info = self._transport.call("GET", "/admin/serverinfo", token=get_token(self.account)).body
        return any(theme["name"] == name for theme in info["themes"]["login"])

    def give_power_away(self, realm: str) -> None:
        """Take a realm's roles out of the role `admin`, after leaving them with a spare account.

        Keycloak lets nobody give a role of a realm that they do not hold. So the roles go to an
        account of the master realm that nobody uses, see `take_power`.
        """
        held = self._held_roles(realm)
        if not held:
            return
        user = self._account_user(self._ensure_spare_client(realm))
        self._in_master(
            "POST", f"/users/{user}/role-mappings/clients/{held[0]['containerId']}", body=held
        )
        self._in_master("DELETE", _ADMIN_COMPOSITES, body=held)
        drop_token(self.account)

    def take_power(self, realm: str) -> None:
        """Put a realm's roles back into the role `admin`, by its spare account.

        Raises:
            KeycloakForbidden: The realm has no spare account, so Plexica did not make it.
        """
        spare = self._find_client(spare_name(realm))
        if spare is None:
            raise KeycloakForbidden(
                gettext_noop("Plexica has no account with power over this realm.")
            )
        user = self._account_user(spare)
        admin = self._in_master("GET", f"/roles/{ADMIN}")
        account = replace(
            self.account,
            client_id=spare_name(realm),
            client_secret=self._in_master("GET", f"/clients/{spare}/client-secret")["value"],
        )
        # The spare account changes the role `admin` once, and may do no more before and after.
        self._in_master("POST", f"/users/{user}/role-mappings/realm", body=[admin])
        try:
            AdminClient(account).call(
                "POST", f"/{MASTER}{_ADMIN_COMPOSITES}", body=self._realm_roles(realm)
            )
        finally:
            self._in_master("DELETE", f"/users/{user}/role-mappings/realm", body=[admin])
            drop_token(account)
            drop_token(self.account)

    def count_powers(self, realm: str) -> int:
        """Return how many of a realm's roles the role `admin` has."""
        return len(self._held_roles(realm))

    def find_spare_account(self, realm: str) -> SpareAccount | None:
        """Return what a realm's spare account holds, or None if there is no such account."""
        spare = self._find_client(spare_name(realm))
        if spare is None:
            return None
        roles = self._in_master("GET", f"/users/{self._account_user(spare)}/role-mappings")
        return SpareAccount(
            holds_power=realm_client_name(realm) in roles.get("clientMappings", {}),
            is_admin=any(role["name"] == ADMIN for role in roles.get("realmMappings", [])),
        )

    def demote_spare_account(self, realm: str) -> None:
        """Take the role `admin` from a realm's spare account, which `take_power` gives it briefly.

        Whoever was cut off in the middle of that has left it there.
        """
        spare = self._find_client(spare_name(realm))
        if spare is not None:
            admin = self._in_master("GET", f"/roles/{ADMIN}")
            user = self._account_user(spare)
            self._in_master("DELETE", f"/users/{user}/role-mappings/realm", body=[admin])

    def list_realms_with_spare(self) -> Iterator[list[str]]:
        """Yield the names of the realms that Plexica made and left a spare account for, by page.

        It asks for clients of the master realm, and so does not list realms.
        """
        first = 0
        while True:
            page = self.call(
                "GET",
                f"/{MASTER}/clients",
                params={
                    "clientId": _SPARE_PREFIX,
                    "search": "true",
                    "first": str(first),
                    "max": str(PAGE),
                },
            ).body
            # The search also finds what has this in the middle of its name.
            yield [
                client["clientId"].removeprefix(_SPARE_PREFIX)
                for client in page
                if client["clientId"].startswith(_SPARE_PREFIX)
            ]
            if len(page) < PAGE:
                return
            first += PAGE

    def remove_leftovers(self, realm: str) -> None:
        """Delete what the master realm still has of a realm that is gone."""
        for client in (self._find_realm_client(realm), self._find_client(spare_name(realm))):
            if client is not None:
                self._in_master("DELETE", f"/clients/{client}")

    def _ensure_spare_client(self, realm: str) -> str:
        name = spare_name(realm)
        representation = {
            "clientId": name,
            "description": "Holds the power over a realm that role admin gave away.",
            "publicClient": False,
            "serviceAccountsEnabled": True,
            "standardFlowEnabled": False,
            "directAccessGrantsEnabled": False,
        }
        try:
            return self.call("POST", f"/{MASTER}/clients", body=representation).created_id
        except KeycloakConflict:
            found = self._find_client(name)
            if found is None:
                raise
            return found

    def _account_user(self, client: str) -> str:
        return str(self._in_master("GET", f"/clients/{client}/service-account-user")["id"])

    def _find_client(self, name: str) -> str | None:
        found = self.call("GET", f"/{MASTER}/clients", params={"clientId": name}).body
        return str(found[0]["id"]) if found else None

    def _realm_roles(self, realm: str) -> list[dict[str, Any]]:
        client = self._find_realm_client(realm)
        if client is None:
            return []
        roles: list[dict[str, Any]] = self._in_master("GET", f"/clients/{client}/roles")
        return roles

    def _held_roles(self, realm: str) -> list[dict[str, Any]]:
        client = self._find_realm_client(realm)
        if client is None:
            return []
        roles: list[dict[str, Any]] = self._in_master(
            "GET", f"{_ADMIN_COMPOSITES}/clients/{client}"
        )
        return roles

    def _find_realm_client(self, realm: str) -> str | None:
        return self._find_client(realm_client_name(realm))

    def _in_master(self, method: str, path: str, *, body: Any = None) -> Any:
        return self.call(method, f"/{MASTER}{path}", body=body).body


def master_client(server_key: str) -> MasterClient:
    """Return the client of a Keycloak's master realm; only provisioning knows its secret.

    Args:
        server_key: The server's name in `settings.KEYCLOAK_SERVERS`.
    """
    server = settings.KEYCLOAK_SERVERS[server_key]
    return MasterClient(
        ServiceAccount(
            base_url=server.internal_url,
            realm=MASTER,
            client_id=server.admin_client_id,
            client_secret=server.admin_client_secret,
        )
    )


def realm_client_name(realm: str) -> str:
    """Return the name of the client in the master realm that has a realm's roles."""
    return f"{realm}-realm"


def spare_name(realm: str) -> str:
    """Return the name of the client in the master realm whose account holds a realm's roles."""
    return f"{_SPARE_PREFIX}{realm}"
