"""Making and updating the platform's own realm, and its first super admin."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from plexica.core.errors import PermanentError
from plexica.identity.keycloak.errors import KeycloakConflict, KeycloakNotFound
from plexica.identity.keycloak.master import MasterClient
from plexica.identity.providers import (
    API_CLIENT,
    PLATFORM_REALM,
    SUPER_ADMIN_ROLE,
)
from plexica.identity.realm_representation import (
    LOGIN_THEME,
    platform_clients,
    platform_realm,
    platform_roles,
    platform_settings,
)

_REALM = f"/{PLATFORM_REALM}"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """The first person who may do everything.

    Attributes:
        username: What they log in with.
        email: Their address.
        password: Their first password; they may change it and it is not set again.
    """

    username: str
    email: str
    password: str = field(repr=False)


def prepare_platform_realm(
    *, master: MasterClient, console_secret: str, api_secret: str, admin: FirstAdmin
) -> bool:
    """Make the platform's realm, or bring the one that is there up to date.

    The master's account keeps its power over this one realm, as there is only one.

    Args:
        master: The account of the master realm.
        console_secret: The secret of the client that logs browsers in to the console.
        api_secret: The secret of the account that programs use.
        admin: The first super admin; made if nobody has the user name.

    Returns:
        Whether the realm was made.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak refuses.
    """
    theme = LOGIN_THEME if master.has_login_theme(LOGIN_THEME) else None
    is_new = not master.exists(PLATFORM_REALM)
    if is_new:
        master.create_realm(
            platform_realm(console_secret=console_secret, api_secret=api_secret, login_theme=theme)
        )
    else:
        _update(master, console_secret, api_secret, theme)
    _ensure_admin(master, admin)
    return is_new


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the platform's realm.

    Attributes:
        subject: Who they are in it.
        is_new: Whether they were made just now.
    """

    subject: str
    is_new: bool


def appoint_super_admin(
    master: MasterClient, *, email: str, password: str, is_password_replaced: bool
) -> Person:
    """Make a person of the platform's realm a super admin who can log in.

    Args:
        master: The account of the master realm.
        email: Their address, by which they are found, and made if they are not.
        password: What a new person logs in with once, and then must replace.
        is_password_replaced: Whether it is also for a person who is there.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: Keycloak refuses, or another person has this as a user name.
    """
    credential = {"type": "password", "value": password, "temporary": True}
    found = master.call("GET", f"{_REALM}/users", params={"email": email, "exact": "true"}).body
    if found:
        person = Person(subject=found[0]["id"], is_new=False)
        address = f"{_REALM}/users/{person.subject}"
        if not found[0]["enabled"]:
            master.call("PUT", address, body={"enabled": True})
        if is_password_replaced:
            master.call("PUT", f"{address}/reset-password", body=credential)
    else:
        made = master.call(
            "POST",
            f"{_REALM}/users",
            body={
                "username": email,
                "email": email,
                "emailVerified": True,
                "enabled": True,
                "credentials": [credential],
            },
        )
        person = Person(subject=made.created_id, is_new=True)
    _ensure_super_admin(master, person.subject)
    return person


def _update(master: MasterClient, console_secret: str, api_secret: str, theme: str | None) -> None:
    master.update_realm(PLATFORM_REALM, platform_settings(login_theme=theme))
    for role in platform_roles():
        with suppress(KeycloakConflict):
            master.call("POST", f"{_REALM}/roles", body=role)
    for client in platform_clients(console_secret=console_secret, api_secret=api_secret):
        _ensure_client(master, client)
    found = _client(master, API_CLIENT)
    account = master.call("GET", f"{_REALM}/clients/{found['id']}/service-account-user").body
    _ensure_super_admin(master, account["id"])


def _ensure_client(master: MasterClient, wanted: dict[str, Any]) -> None:
    try:
        master.call("POST", f"{_REALM}/clients", body=wanted)
    except KeycloakConflict:
        found = _client(master, wanted["clientId"])
    else:
        return
    mappers = {mapper["name"]: mapper for mapper in found.get("protocolMappers", [])}
    merged = found | wanted
    merged["attributes"] = found.get("attributes", {}) | wanted.get("attributes", {})
    merged.pop("protocolMappers", None)
    master.call("PUT", f"{_REALM}/clients/{found['id']}", body=merged)
    for mapper in wanted.get("protocolMappers", []):
        address = f"{_REALM}/clients/{found['id']}/protocol-mappers/models"
        known = mappers.get(mapper["name"])
        if known is None:
            master.call("POST", address, body=mapper)
        else:
            master.call("PUT", f"{address}/{known['id']}", body=mapper | {"id": known["id"]})


def _client(master: MasterClient, client_id: str) -> dict[str, Any]:
    found = master.call("GET", f"{_REALM}/clients", params={"clientId": client_id}).body
    if not found:
        raise PermanentError(f"The realm {PLATFORM_REALM} has no client {client_id}.")
    return dict(found[0])


def _ensure_admin(master: MasterClient, admin: FirstAdmin) -> None:
    known = master.call(
        "GET", f"{_REALM}/users", params={"username": admin.username, "exact": "true"}
    ).body
    if known:
        _ensure_super_admin(master, known[0]["id"])
        return
    made = master.call(
        "POST",
        f"{_REALM}/users",
        body={
            "username": admin.username,
            "email": admin.email,
            "emailVerified": True,
            "firstName": "Super",
            "lastName": "Admin",
            "enabled": True,
            "credentials": [{"type": "password", "value": admin.password, "temporary": False}],
        },
    )
    _ensure_super_admin(master, made.created_id)


def _ensure_super_admin(master: MasterClient, user_id: str) -> None:
    try:
        role = master.call("GET", f"{_REALM}/roles/{SUPER_ADMIN_ROLE}").body
    except KeycloakNotFound as error:
        raise PermanentError(f"The realm has no role {SUPER_ADMIN_ROLE}.") from error
    master.call("POST", f"{_REALM}/users/{user_id}/role-mappings/realm", body=[role])
