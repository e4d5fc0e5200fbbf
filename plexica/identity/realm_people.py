"""Telling a realm about a person, so that it is as a `RealmChange` says; again does no harm."""

from contextlib import suppress
from typing import Any

from django.utils.translation import gettext as _

from plexica.core.errors import PermanentError
from plexica.identity.keycloak.errors import KeycloakConflict, KeycloakNotFound
from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.models import RealmChange, User


class AddressKnown(PermanentError):
    """The realm has somebody else with this address."""


def tell_realm(realm: RealmClient, change: RealmChange) -> None:
    """Have a realm do what a change asks for.

    Raises:
        AddressKnown: Somebody is to be made whose address another one has.
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak refuses, or does not know them.
    """
    user = change.user
    if change.is_removal:
        with suppress(KeycloakNotFound):
            realm.delete_user(user.subject)
        return
    found = _find(realm, user) or _make(realm, change)
    if found is None:
        return
    wanted: dict[str, Any] = {
        name: value
        for name, value in (
            ("enabled", change.is_enabled),
            ("firstName", change.first_name),
            ("lastName", change.last_name),
        )
        if value is not None
    }
    known = found.get("attributes", {})
    if change.locale is not None and (known.get("locale") or [""])[0] != change.locale:
        # Keycloak writes its pages and mails in this language; an empty list takes it away.
        wanted["attributes"] = {**known, "locale": [change.locale] if change.locale else []}
    # What ends somebody's sessions does not wait for a change that the realm may refuse.
    if change.ends_sessions:
        realm.end_user_sessions(user.subject)
    for session in change.ended_sessions or ():
        with suppress(KeycloakNotFound):
            realm.end_session(session)
    if any(found.get(name, "") != value for name, value in wanted.items()):
        realm.update_user(user.subject, {**found, **wanted})


def _find(realm: RealmClient, user: User) -> dict[str, Any] | None:
    try:
        return realm.get_user(user.subject)
    except KeycloakNotFound:
        return None


def _make(realm: RealmClient, change: RealmChange) -> dict[str, Any] | None:
    user = change.user
    if change.is_enabled is False:
        # Nobody is there who could come in.
        return None
    if not change.is_creation:
        raise PermanentError(_("The login service does not know this person any more."))
    try:
        realm.import_user(_representation(realm, user))
    except KeycloakConflict as error:
        # Another process may have been quicker.
        found = _find(realm, user)
        if found is None:
            raise AddressKnown(
                _("The login service knows somebody else with this address.")
            ) from error
        return found
    return realm.get_user(user.subject)


def _representation(realm: RealmClient, user: User) -> dict[str, Any]:
    return {
        "id": user.subject,
        "username": user.email,
        "email": user.email,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "enabled": True,
        "emailVerified": False,
        "requiredActions": ["UPDATE_PASSWORD", "VERIFY_EMAIL"],
        # Who is imported gets those roles only that are named.
        "realmRoles": [f"default-roles-{realm.realm}"],
    }
