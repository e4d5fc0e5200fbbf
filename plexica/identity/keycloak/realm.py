"""The service account inside a realm: it does all that is done to a realm once it is made."""

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from django.conf import settings

from plexica.identity.keycloak.admin import AdminClient
from plexica.identity.keycloak.tokens import ServiceAccount, drop_token
from plexica.identity.keycloak.transport import READ_SECONDS, Answer
from plexica.identity.providers import MANAGEMENT_CLIENT, MANAGEMENT_SECRET
from tenants.models import Tenant
from tenants.secrets import get_secret

DELETE_SECONDS = 60.0
PAGE = 100


class RealmClient(AdminClient):
    """What is done inside one realm.

    Attributes:
        realm: The realm's name.
    """

    def __init__(
        self,
        account: ServiceAccount,
        *,
        realm: str | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        """Take an account.

        Args:
            account: The realm's own account, or one of the master realm with power over it.
            realm: The realm, where it is not the account's own.
            read_seconds: How long a call waits for the next bytes, unless it says so itself.
        """
        super().__init__(account)
        self.realm = realm or account.realm
        self.read_seconds = read_seconds

    def get_settings(self) -> dict[str, Any]:
        """Return the realm's settings."""
        found: dict[str, Any] = self._in_realm("GET", "").body
        return found

    def delete(self) -> None:
        """Delete the realm with all that is in it, this account included."""
        self._in_realm("DELETE", "", read_seconds=DELETE_SECONDS)

    def find_user_by_email(self, email: str) -> dict[str, Any] | None:
        """Return the user with exactly this address, whatever its case."""
        found = self._in_realm("GET", "/users", params={"email": email, "exact": "true"}).body
        return dict(found[0]) if found else None

    def get_user(self, subject: str) -> dict[str, Any]:
        """Return a user.

        Raises:
            KeycloakNotFound: The realm has no such user.
        """
        found: dict[str, Any] = self._in_realm("GET", f"/users/{subject}").body
        return found

    def count_users(self) -> int:
        """Return how many people the realm has."""
        return int(self._in_realm("GET", "/users/count").body)

    def create_user(self, representation: dict[str, Any]) -> str:
        """Make a user.

        Returns:
            The user's subject.

        Raises:
            KeycloakConflict: The name or the address is taken.
        """
        return self._in_realm("POST", "/users", body=representation).created_id

    def import_user(self, representation: dict[str, Any]) -> None:
        """Make a user whose subject is known before, as the representation's `id`.

        So a repeat after a lost answer finds whom it has made. Roles must be named, those that
        everybody gets included.

        Raises:
            KeycloakConflict: The subject, the name or the address is taken.
        """
        self._in_realm(
            "POST", "/partialImport", body={"ifResourceExists": "FAIL", "users": [representation]}
        )

    def update_user(self, subject: str, representation: dict[str, Any]) -> None:
        """Change what is named of a user."""
        self._in_realm("PUT", f"/users/{subject}", body=representation)

    def delete_user(self, subject: str) -> None:
        """Delete a user; their sessions end.

        Raises:
            KeycloakNotFound: The realm has no such user.
        """
        self._in_realm("DELETE", f"/users/{subject}")

    def end_user_sessions(self, subject: str) -> None:
        """End all of a user's sessions in the realm."""
        self._in_realm("POST", f"/users/{subject}/logout")

    def end_session(self, session: str) -> None:
        """End one session of the realm, whatever clients it logs somebody in to.

        Raises:
            KeycloakNotFound: There is no such session, or it has ended.
        """
        self._in_realm("DELETE", f"/sessions/{quote(session, safe='')}")

    def send_actions_mail(
        self,
        subject: str,
        *,
        actions: list[str],
        lifespan_seconds: int,
        client_id: str,
        redirect_uri: str,
    ) -> None:
        """Let the realm send a mail with a link to actions that the user is to take.

        Raises:
            TransientError: Among others, the mail server did not take the mail.
        """
        self._in_realm(
            "PUT",
            f"/users/{subject}/execute-actions-email",
            params={
                "lifespan": str(lifespan_seconds),
                "client_id": client_id,
                "redirect_uri": redirect_uri,
            },
            body=actions,
        )

    def find_client(self, client_id: str) -> dict[str, Any] | None:
        """Return a client of the realm."""
        found = self._in_realm("GET", "/clients", params={"clientId": client_id}).body
        return dict(found[0]) if found else None

    def list_clients(self) -> list[dict[str, Any]]:
        """Return all clients of the realm, Keycloak's own included."""
        found: list[dict[str, Any]] = []
        while True:
            page = self._in_realm(
                "GET", "/clients", params={"first": str(len(found)), "max": str(PAGE)}
            ).body
            found += page
            if len(page) < PAGE:
                return found

    def end_all_sessions(self) -> None:
        """End all sessions of the realm, and refuse all tokens given until now.

        That goes for the token of this account, too: it gets a new one for its next call.
        """
        self._in_realm("POST", "/logout-all")
        drop_token(self.account)

    def update_client(self, representation: dict[str, Any]) -> None:
        """Change a client to its representation, which carries its `id`."""
        self._in_realm("PUT", f"/clients/{representation['id']}", body=representation)

    def create_client(self, representation: dict[str, Any]) -> None:
        """Make a client.

        Raises:
            KeycloakConflict: The name is taken.
        """
        self._in_realm("POST", "/clients", body=representation)

    def delete_client(self, client: str) -> None:
        """Delete a client, with the account that it acts as.

        Args:
            client: The client's id, which is not its name.

        Raises:
            KeycloakNotFound: The realm has no such client.
        """
        self._in_realm("DELETE", f"/clients/{client}")

    def update_settings(self, representation: dict[str, Any]) -> None:
        """Change the settings that are named; `attributes` replace all those that are there."""
        self._in_realm("PUT", "", body=representation)

    def list_executions(self, flow: str) -> list[dict[str, Any]]:
        """Return the steps of a login, those of its parts among them, in their order."""
        found: list[dict[str, Any]] = self._in_realm(
            "GET", f"/authentication/flows/{flow}/executions"
        ).body
        return found

    def update_execution(self, flow: str, execution: dict[str, Any]) -> None:
        """Change a step of a login."""
        self._in_realm("PUT", f"/authentication/flows/{flow}/executions", body=execution)

    def get_user_profile(self) -> dict[str, Any]:
        """Return what the realm asks of a person."""
        found: dict[str, Any] = self._in_realm("GET", "/users/profile").body
        return found

    def update_user_profile(self, representation: dict[str, Any]) -> None:
        """Replace what the realm asks of a person."""
        self._in_realm("PUT", "/users/profile", body=representation)

    def get_account_roles(self, client: str) -> dict[str, list[dict[str, Any]]]:
        """Return the roles that a client's account was given.

        Args:
            client: The client's id, which is not its name.

        Returns:
            Under a client's name its roles, and under an empty name those of the realm.
        """
        found = self._in_realm("GET", self._mappings_of(client)).body
        roles = {
            name: mapping["mappings"] for name, mapping in found.get("clientMappings", {}).items()
        }
        return {"": found.get("realmMappings", []), **roles}

    def change_account_roles(
        self, client: str, *, of: str, give: Collection[str] = (), take: Collection[str] = ()
    ) -> None:
        """Give a client's account roles of another client, and take some from it.

        Args:
            client: The id of the client whose account it is.
            of: The name of the client that the roles belong to; empty for the realm's own.
            give: The names of the roles to give.
            take: The names of the roles to take.

        Raises:
            KeycloakForbidden: Whoever calls does not hold the roles.
        """
        owner = self.find_client(of) if of else None
        place = f"/clients/{owner['id']}" if owner else ""
        mappings = f"{self._mappings_of(client)}{place or '/realm'}"
        for method, names in (("POST", give), ("DELETE", take)):
            roles = [self._in_realm("GET", f"{place}/roles/{name}").body for name in names]
            if roles:
                self._in_realm(method, mappings, body=roles)

    def _mappings_of(self, client: str) -> str:
        user = self._in_realm("GET", f"/clients/{client}/service-account-user").body["id"]
        return f"/users/{user}/role-mappings"

    def _in_realm(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: Any = None,
        read_seconds: float | None = None,
    ) -> Answer:
        return self.call(
            method,
            f"/{self.realm}{path}",
            params=params,
            body=body,
            read_seconds=read_seconds or self.read_seconds,
        )


def realm_client(tenant: Tenant, *, read_seconds: float = READ_SECONDS) -> RealmClient:
    """Return the client of a tenant's realm, as the service account inside it.

    Args:
        tenant: Whose realm it is.
        read_seconds: How long a call waits for the next bytes.

    Raises:
        KeyError: The account's secret is not kept.
    """
    return RealmClient(
        ServiceAccount(
            base_url=settings.KEYCLOAK_SERVERS[tenant.keycloak].internal_url,
            realm=tenant.realm,
            client_id=MANAGEMENT_CLIENT,
            client_secret=get_secret(tenant=tenant, name=MANAGEMENT_SECRET),
        ),
        read_seconds=read_seconds,
    )
