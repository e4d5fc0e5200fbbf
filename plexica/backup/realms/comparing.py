"""A realm that came back, beside what the archive has of it."""

import json
from typing import Any

from plexica.backup.realms.people import Document, archived_people, as_imported
from plexica.backup.realms.reading import ask_for_realm
from plexica.backup.realms.representing import read_realm_of
from plexica.backup.realms.secrets import without_keys, without_secrets
from plexica.backup.restoration import Restoration
from plexica.identity.providers import MANAGEMENT_CLIENT, WORKSPACE_CLIENT
from plexica.identity.realm_representation import tenant_settings
from tenants.models import Tenant

_MAX_NAMED = 5
# What a realm gives a new number to, counts by itself, or says of its present state only.
_OF_THE_SERVER = frozenset(
    {
        "access",
        "client.secret.creation.time",
        "containerId",
        "disableableCredentialTypes",
        "id",
        "keycloakVersion",
        "lastUpdated",
        "notBefore",
        "origin",
        "realm",
        "self",
        "subGroupCount",
        "totp",
        "userProfileMetadata",
        "users",
    }
)
# What Keycloak writes where a representation that is imported says nothing.
_FILLED_IN = {"post.logout.redirect.uris": "+", "userinfo.token.claim": "true"}
_OWN_CLIENTS = frozenset({MANAGEMENT_CLIENT, WORKSPACE_CLIENT})


def explain_realm(tenant: Tenant, restoration: Restoration) -> list[str]:
    """Return in words what of a restored realm is not as the archive has it.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak refuses.
    """
    realm, people = ask_for_realm(tenant)
    kept = without_secrets(
        without_keys(restoration.renaming(tenant).of_realm(read_realm_of(restoration)))
    )
    # Plexica says these of every realm, whatever an archive has.
    own = set(tenant_settings(tenant))
    names = [
        name
        for name in sorted(set(kept) - _OF_THE_SERVER - own)
        if _comparable(name, kept[name]) != _comparable(name, realm.get(name))
    ]
    differences = [f"realm: {', '.join(names[:_MAX_NAMED])}"] if names else []
    differences += [
        f"ids of {kind}"
        for kind in ("clients", "groups")
        if _ids(kept.get(kind)) != _ids(realm.get(kind))
    ]
    found = {
        person["id"]: _person(person)
        for page in people
        for person in page
        if person.get("serviceAccountClientId") != MANAGEMENT_CLIENT
    }
    expected = {
        person["id"]: _person(as_imported(without_secrets_of(person)))
        for page in archived_people(tenant, restoration)
        for person in page
    }
    differing = [key for key in expected if expected[key] != found.get(key)]
    if differing or set(found) != set(expected):
        differences.append(f"{len(differing) or len(set(found) ^ set(expected))} people")
    return differences


def without_secrets_of(person: Document) -> Document:
    """Return somebody of an archive as a comparison sees them: with passwords or without."""
    has_password = bool(person.get("credentials"))
    return {**without_secrets(person), **({"credentials": [True]} if has_password else {})}


def _person(person: Document) -> Document:
    kept: Document = _bare({**person, "credentials": None})
    return kept


def _comparable(name: str, value: Any) -> Any:
    if name == "clients":
        value = [client for client in value or () if client["clientId"] not in _OWN_CLIENTS]
    return _bare(value)


def _bare(value: Any) -> Any:
    """Return a value without what the server numbers and without what is empty, in one order."""
    if isinstance(value, dict):
        inner = {
            name: _bare(each)
            for name, each in value.items()
            if name not in _OF_THE_SERVER and each != _FILLED_IN.get(name)
        }
        return {name: each for name, each in inner.items() if each not in (None, {}, [], "")}
    if isinstance(value, list):
        return sorted(
            (_bare(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True)
        )
    return value


def _ids(things: Any) -> dict[str, str]:
    found = {}
    for thing in things or ():
        name = thing.get("clientId") or thing.get("path")
        if name not in _OWN_CLIENTS:
            found[name] = thing["id"]
    return found
