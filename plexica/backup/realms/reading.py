"""A realm as an archive keeps it: through the realm's own account, or from Keycloak's database.

The account inside the realm sees everything but password hashes. `kc.sh export` sees these, too,
and needs Keycloak's distribution and database.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from plexica.backup.realms.export import exported, is_available
from plexica.backup.realms.secrets import without_keys, without_masks, without_secrets
from plexica.core.context import ContextThreadPool
from plexica.identity.keycloak.errors import KeycloakNotFound
from plexica.identity.keycloak.following import PEOPLE_PAGE
from plexica.identity.keycloak.realm import RealmClient, realm_client
from tenants.models import Tenant

READ_SECONDS = 60.0
_AT_ONCE = 4
# What the server counts or remembers by itself.
_OF_THE_MOMENT = (
    "access",
    "userProfileMetadata",
    "self",
    "origin",
    "totp",
    "disableableCredentialTypes",
)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RealmCopy:
    """A realm, without its people, and its people by page.

    Attributes:
        realm: Its settings, clients, roles, groups, flows and the rest.
        people: Those who log in, and the accounts of its clients.
        has_passwords: Whether people come with their password hashes and second factors.
    """

    realm: Document
    people: Iterator[list[Document]]
    has_passwords: bool


@contextmanager
def reading_realm(
    client: RealmClient, *, server_key: str, with_secrets: bool
) -> Iterator[RealmCopy]:
    """Read a realm while a block runs.

    Args:
        client: An account with power over it.
        server_key: The Keycloak that it is in, by its name in the settings.
        with_secrets: Whether its secrets come along; without them, nothing that is read opens
            anything.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: It refuses.
    """
    if with_secrets and is_available(server_key):
        with exported(client.realm) as (realm, people):
            yield RealmCopy(without_keys(realm), people, has_passwords=True)
        return
    realm = without_keys(without_masks(_ask_for_realm(client)))
    if with_secrets:
        _add_client_secrets(client, realm)
        yield RealmCopy(realm, list_people(client, realm), has_passwords=False)
    else:
        pages = (without_secrets(page) for page in list_people(client, realm))
        yield RealmCopy(without_secrets(realm), pages, has_passwords=False)


def ask_for_realm(tenant: Tenant) -> tuple[Document, Iterator[list[Document]]]:
    """Return a realm as its own account sees it, and its people, without any secrets."""
    client = realm_client(tenant, read_seconds=READ_SECONDS)
    realm = without_secrets(without_keys(without_masks(_ask_for_realm(client))))
    return realm, (without_secrets(page) for page in list_people(client, realm))


def list_people(client: RealmClient, realm: Document) -> Iterator[list[Document]]:
    """Yield everybody in a realm with their groups and roles: people, then clients' accounts."""
    first = 0
    with ContextThreadPool(_AT_ONCE, thread_name_prefix="people") as pool:

        def complete(some: list[Document]) -> list[Document]:
            return list(pool.map(lambda person: _complete(client, person), some))

        while True:
            page = _get(client, f"/users?briefRepresentation=false&first={first}&max={PEOPLE_PAGE}")
            if page:
                yield complete(page)
            if len(page) < PEOPLE_PAGE:
                break
            first += PEOPLE_PAGE
        accounts = []
        for program in realm.get("clients", ()):
            if program.get("serviceAccountsEnabled"):
                with suppress(KeycloakNotFound):
                    user = _get(client, f"/clients/{program['id']}/service-account-user")
                    accounts.append({**user, "serviceAccountClientId": program["clientId"]})
        if accounts:
            yield complete(accounts)


def _ask_for_realm(client: RealmClient) -> Document:
    found: Document = client.call(
        "POST",
        f"/{client.realm}/partial-export?exportClients=true&exportGroupsAndRoles=true",
        read_seconds=READ_SECONDS,
    ).body
    return found


def _add_client_secrets(client: RealmClient, realm: Document) -> None:
    for program in realm.get("clients", ()):
        if not program.get("publicClient") and not program.get("bearerOnly"):
            with suppress(KeycloakNotFound):
                found = _get(client, f"/clients/{program['id']}/client-secret")
                if found.get("value"):
                    program["secret"] = found["value"]


def _complete(client: RealmClient, person: Document) -> Document:
    path = f"/users/{quote(person['id'], safe='')}"
    mappings = _get(client, f"{path}/role-mappings")
    groups = _get(client, f"{path}/groups?briefRepresentation=true&max=1000")
    identities = _get(client, f"{path}/federated-identity")
    return {
        **{name: value for name, value in person.items() if name not in _OF_THE_MOMENT},
        "realmRoles": [role["name"] for role in mappings.get("realmMappings", ())],
        "clientRoles": {
            name: [role["name"] for role in mapping["mappings"]]
            for name, mapping in mappings.get("clientMappings", {}).items()
        },
        "groups": [group["path"] for group in groups],
        **({"federatedIdentities": identities} if identities else {}),
    }


def _get(client: RealmClient, path: str) -> Any:
    return client.call("GET", f"/{client.realm}{path}", read_seconds=READ_SECONDS).body
