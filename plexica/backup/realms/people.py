"""The people of a realm that comes back."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from plexica.backup.restoration import Restoration
from plexica.identity.keycloak.realm import RealmClient, realm_client
from plexica.identity.providers import MANAGEMENT_CLIENT
from plexica.identity.services import send_invitation
from tenants.models import Tenant
from tenants.scopes import tenant_scope

_AT_ONCE = 50
_SECONDS = 120.0
_NEW_PASSWORD = "UPDATE_PASSWORD"  # noqa: S105 (what Keycloak calls the action)
# What Keycloak works out by itself.
_NOT_IMPORTED = ("totp", "disableableCredentialTypes", "access", "origin", "self")

Document = dict[str, Any]


def import_people(tenant: Tenant, restoration: Restoration) -> None:
    """Bring the people of an archive into a tenant's realm, some at a time.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak refuses.
    """
    realm = realm_client(tenant, read_seconds=_SECONDS)
    for page in archived_people(tenant, restoration):
        deque(import_page(realm, [as_imported(person) for person in page]), maxlen=0)


def import_page(realm: RealmClient, people: list[Document]) -> Iterator[tuple[str, str]]:
    """Import people, some at a time, and yield each name with who it is now.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak refuses.
    """
    for first in range(0, len(people), _AT_ONCE):
        answer = realm.call(
            "POST",
            f"/{realm.realm}/partialImport",
            body={"ifResourceExists": "SKIP", "users": people[first : first + _AT_ONCE]},
            read_seconds=_SECONDS,
        ).body
        for result in answer["results"]:
            yield result["resourceName"], result["id"]


def archived_people(tenant: Tenant, restoration: Restoration) -> Iterator[list[Document]]:
    """Yield the people of an archive as they come back, but the account that manages the realm."""
    renaming = restoration.renaming(tenant)
    with restoration.archive.section(restoration.section("realm")) as members:
        for member in members:
            if member.name.startswith("people/"):
                people = [renaming.of_person(person) for person in member.document()]
                yield [
                    person
                    for person in people
                    if person.get("serviceAccountClientId") != MANAGEMENT_CLIENT
                ]


def mail_those_without_password(tenant: Tenant) -> None:
    """Send everybody who must choose a new password the way to do so.

    Raises:
        TransientError: Keycloak does not answer, or its mail server does not take the mail.
        PermanentError: Keycloak refuses.
    """
    realm = realm_client(tenant)
    first = 0
    while True:
        page = realm.call(
            "GET", f"/{realm.realm}/users?briefRepresentation=false&first={first}&max={_AT_ONCE}"
        ).body
        for person in page:
            asked = person.get("requiredActions", ())
            if person.get("enabled") and person.get("email") and _NEW_PASSWORD in asked:
                with tenant_scope(tenant):
                    send_invitation(tenant=tenant, subject=person["id"])
        if len(page) < _AT_ONCE:
            return
        first += _AT_ONCE


def is_program(person: Document) -> bool:
    """Return whether somebody is the account of a client."""
    return bool(person.get("serviceAccountClientId"))


def as_imported(person: Document) -> Document:
    """Return somebody as the realm gets them: whoever has no password must choose one."""
    kept = {name: value for name, value in person.items() if name not in _NOT_IMPORTED}
    if is_program(person) or kept.get("credentials") or kept.get("federatedIdentities"):
        return kept
    actions = [*kept.get("requiredActions", ())]
    if _NEW_PASSWORD not in actions:
        actions.append(_NEW_PASSWORD)
    return {**kept, "requiredActions": actions}
