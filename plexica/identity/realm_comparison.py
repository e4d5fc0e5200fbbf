"""A realm as the account inside it sees it, beside what it should be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from plexica.identity.access import SUSPENDED_ATTRIBUTE, Access, is_marked, is_open
from plexica.identity.keycloak.errors import KeycloakForbidden
from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.providers import (
    MANAGEMENT_CLIENT,
    MANAGEMENT_SECRET,
    WORKSPACE_CLIENT,
    WORKSPACE_SECRET,
)
from plexica.identity.realm_account import compare_roles, kept_secret, mend_roles, usable_secret
from plexica.identity.realm_check import (
    compare_client,
    compare_profile,
    compare_settings,
    merge_profile,
)
from plexica.identity.realm_representation import (
    TENANT_ATTRIBUTE,
    tenant_clients,
    tenant_settings,
    user_profile,
)
from plexica.identity.realm_security import FLOW, is_second_factor_required, put_second_factor
from plexica.identity.realm_settings import put_settings
from tenants.models import Tenant
from tenants.parts import Difference
from tenants.states import TenantState

CLOSED_STATES = (TenantState.SUSPENDED, TenantState.DELETING)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A finding, and what mends it.

    Attributes:
        difference: How it differs.
        what: The thing, by its name.
        detail: What is expected and what is found, or who can mend it.
        mend: Mends it, and perhaps others; None if Plexica cannot.
        hides_others: Whether no more can be seen before it is mended.
    """

    difference: Difference
    what: str
    detail: str
    mend: Callable[[], None] | None
    hides_others: bool = False


class RealmComparison:
    """A tenant's realm at one moment."""

    def __init__(self, tenant: Tenant, realm: RealmClient) -> None:
        """Read the realm.

        Raises:
            KeycloakUnauthorized: The realm does not accept its own account.
            KeycloakForbidden: The account lacks a right, or the realm is disabled.
            TransientError: Keycloak does not answer.
        """
        self._tenant = tenant
        self._realm = realm
        self._settings = realm.get_settings()
        if "enabled" not in self._settings:
            # Without the right to read them, Keycloak shows only the realm's look.
            raise KeycloakForbidden("The realm's own account lacks a right.")
        self._clients = {client["clientId"]: client for client in realm.list_clients()}
        self._profile = realm.get_user_profile()
        self._roles = compare_roles(realm, self._clients[MANAGEMENT_CLIENT]["id"])
        self._is_closed = tenant.state in CLOSED_STATES

    @property
    def owner(self) -> str:
        """The id of the tenant whose mark the realm bears, or an empty string."""
        return str(self._settings.get("attributes", {}).get(TENANT_ATTRIBUTE) or "")

    def mismatches(self) -> Iterator[Mismatch]:
        """Yield what differs."""
        for name, detail in compare_settings(self._settings, tenant_settings(self._tenant)):
            yield Mismatch(Difference.DIFFERENT, f"setting {name}", detail, self.put_settings)
        yield from self._compare_second_factor()
        yield from self._compare_clients()
        yield from self._compare_access()
        yield from self._compare_roles()
        if details := list(compare_profile(self._profile, user_profile())):
            yield Mismatch(
                Difference.DIFFERENT, "user profile", "; ".join(details), self._put_profile
            )

    def put_settings(self) -> None:
        """Set what Plexica says of the realm, and leave all else."""
        put_settings(self._realm, tenant_settings(self._tenant))

    def _compare_second_factor(self) -> Iterator[Mismatch]:
        """Yield that the login asks for a second factor when it should not, or the other way."""
        wanted = self._tenant.second_factor_required
        if is_second_factor_required(self._realm.list_executions(FLOW)) == wanted:
            return
        yield Mismatch(
            Difference.DIFFERENT,
            "second factor",
            "It is to be required of everybody, and is not."
            if wanted
            else "It is to be asked of those who have one, and is required of everybody.",
            partial(put_second_factor, self._realm, is_required=wanted),
        )

    def _compare_clients(self) -> Iterator[Mismatch]:
        if kept_secret(self._tenant, WORKSPACE_SECRET) is None:
            yield Mismatch(
                Difference.MISSING,
                f"secret {WORKSPACE_SECRET}",
                "Plexica does not have the secret of the client that logs people in, or cannot"
                " decrypt it; mended, the client has a new one.",
                self._put_workspace,
            )
        mends = {WORKSPACE_CLIENT: self._put_workspace, MANAGEMENT_CLIENT: self._put_management}
        for name, wanted in self._wanted_clients().items():
            found = self._clients.get(name)
            if found is None:
                yield Mismatch(
                    Difference.MISSING, f"client {name}", "It is not in the realm.", mends[name]
                )
                continue
            details = list(compare_client(found, wanted))
            if not (found["enabled"] or self._is_closed or is_marked(found)):
                details.append("it is disabled")
            if details:
                yield Mismatch(
                    Difference.DIFFERENT, f"client {name}", "; ".join(details), mends[name]
                )

    def _compare_access(self) -> Iterator[Mismatch]:
        """Yield the clients that are open in a closed tenant, or still closed in an open one."""
        for name, client in self._clients.items():
            if self._is_closed and is_open(client):
                detail, mend = "It is enabled, though the tenant is closed.", self._close
            elif not self._is_closed and is_marked(client):
                detail, mend = "A suspension that is over left it disabled.", self._open
            else:
                continue
            yield Mismatch(Difference.DIFFERENT, f"access of client {name}", detail, mend)

    def _compare_roles(self) -> Iterator[Mismatch]:
        missing, extra = self._roles
        for difference, roles, detail in (
            (Difference.MISSING, missing, "The realm's own account lacks it."),
            (Difference.DIFFERENT, extra, "The realm's own account has it and should not."),
        ):
            for owner, role in sorted(roles):
                name = f"{owner}/{role}" if owner else role
                yield Mismatch(
                    difference, f"role {name} of {MANAGEMENT_CLIENT}", detail, self._mend_roles
                )

    def _wanted_clients(self) -> dict[str, dict[str, Any]]:
        secrets = {
            WORKSPACE_CLIENT: kept_secret(self._tenant, WORKSPACE_SECRET),
            MANAGEMENT_CLIENT: kept_secret(self._tenant, MANAGEMENT_SECRET),
        }
        wanted = {
            client["clientId"]: client
            for client in tenant_clients(
                self._tenant,
                workspace_secret=secrets[WORKSPACE_CLIENT] or "",
                management_secret=secrets[MANAGEMENT_CLIENT] or "",
            )
        }
        for name, client in wanted.items():
            if secrets[name] is None:
                del client["secret"]
        return wanted

    def _put_workspace(self) -> None:
        usable_secret(self._tenant, WORKSPACE_SECRET)
        wanted = self._wanted_clients()[WORKSPACE_CLIENT]
        if self._is_closed:
            # As a suspension leaves it, so that the resumption enables it.
            wanted["enabled"] = False
            wanted["attributes"][SUSPENDED_ATTRIBUTE] = "true"
        found = self._clients.get(WORKSPACE_CLIENT)
        if found is None:
            self._realm.create_client(wanted)
        else:
            self._realm.update_client(wanted | {"id": found["id"]})

    def _put_management(self) -> None:
        wanted = self._wanted_clients()[MANAGEMENT_CLIENT]
        self._realm.update_client(wanted | {"id": self._clients[MANAGEMENT_CLIENT]["id"]})

    def _put_profile(self) -> None:
        self._realm.update_user_profile(merge_profile(self._profile, user_profile()))

    def _close(self) -> None:
        Access().do(self._tenant)

    def _open(self) -> None:
        Access().undo(self._tenant)

    def _mend_roles(self) -> None:
        mend_roles(self._tenant)
