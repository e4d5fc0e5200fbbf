"""What a realm is made of, in the form that Keycloak's admin API takes.

One request brings everything, so that a realm is there wholly or not at all. Two things to know
when changing this: a user's `realmRoles` replace the default roles instead of adding to them, and
a role that is misspelt is silently made.
"""

import json
from email.utils import parseaddr
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from plexica.core.colours import OWN_COLOUR
from plexica.core.languages import known_language
from plexica.identity.providers import (
    API_CLIENT,
    CONSOLE_CLIENT,
    MANAGEMENT_CLIENT,
    PLATFORM_REALM,
    READ_ONLY_ROLE,
    SUPER_ADMIN_ROLE,
    SUPPORT_ROLE,
    WORKSPACE_CLIENT,
)
from plexica.identity.realm_clients import (
    audience_mapper,
    browser_client,
    service_client,
    service_user,
)
from plexica.identity.realm_events import KEPT_EVENTS
from plexica.identity.realm_look import STYLE_ATTRIBUTE, name_with_logo, style_address
from plexica.identity.realm_security import password_policy
from plexica.settings.environment import Environment
from tenants.models import Tenant
from tenants.session_limits import SessionLimits, limits_of
from tenants.theme import style_sheet_of

TENANT_ATTRIBUTE = "plexica.tenant"
LOGIN_THEME = "plexica"

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
ACCESS_TOKEN_SECONDS = 5 * MINUTE
INVITATION_SECONDS = 72 * HOUR
EVENT_SECONDS = 30 * DAY

# What the account inside a realm needs: `manage-realm` to read and change settings and to delete
# the realm at last, `manage-users` and `manage-clients` for people and programs, `view-events` to
# keep users in step. None of them can make a realm administrator.
MANAGEMENT_ROLES = ("manage-realm", "manage-users", "manage-clients", "view-events")


def tenant_realm(
    tenant: Tenant, *, workspace_secret: str, management_secret: str, login_theme: str | None
) -> dict[str, Any]:
    """Return a tenant's realm, with the clients that log in to it and manage it.

    Args:
        tenant: Whose realm it is.
        workspace_secret: The secret of the client that logs browsers in.
        management_secret: The secret of the account that manages the realm.
        login_theme: The look of its login pages, or None for Keycloak's own.
    """
    return {
        **tenant_settings(tenant),
        **({"loginTheme": login_theme} if login_theme else {}),
        "components": _user_profile_component(),
        "clients": tenant_clients(
            tenant, workspace_secret=workspace_secret, management_secret=management_secret
        ),
        "users": [
            {
                **service_user(MANAGEMENT_CLIENT, tenant.realm),
                "clientRoles": {"realm-management": list(MANAGEMENT_ROLES)},
            }
        ],
    }


def tenant_settings(tenant: Tenant) -> dict[str, Any]:
    """Return the settings of a tenant's realm that are Plexica's to say, at any time.

    All others are its people's: the login theme, too, is only what the realm begins with.
    """
    return {
        **_settings(tenant.realm, tenant.name, tenant.locale),
        **session_settings(limits_of(tenant)),
        "passwordPolicy": password_policy(tenant),
        "displayNameHtml": name_with_logo(tenant),
        "attributes": {
            TENANT_ATTRIBUTE: str(tenant.id),
            STYLE_ATTRIBUTE: style_address(tenant),
            "adminEventsExpiration": str(EVENT_SECONDS),
        },
    }


def session_settings(limits: SessionLimits) -> dict[str, int]:
    """Return for how long a realm keeps its own sessions: as long as Plexica keeps those of its."""
    return {
        "ssoSessionIdleTimeout": int(limits.idle.total_seconds()),
        "ssoSessionMaxLifespan": int(limits.longest.total_seconds()),
    }


def tenant_clients(
    tenant: Tenant, *, workspace_secret: str, management_secret: str
) -> list[dict[str, Any]]:
    """Return the clients of a tenant's realm that are Plexica's.

    Args:
        tenant: Whose realm it is.
        workspace_secret: The secret of the client that logs browsers in.
        management_secret: The secret of the account that manages the realm.
    """
    return [
        browser_client(
            WORKSPACE_CLIENT,
            name="Workspace",
            realm=tenant.realm,
            home_url=tenant.workspace_url,
            secret=workspace_secret,
        ),
        service_client(MANAGEMENT_CLIENT, name="Management", secret=management_secret),
    ]


def realm_digest() -> str:
    """Return the digest of what a tenant's realm should be, the same for all tenants."""
    # Realms name their tenants' style sheets, whose names follow from how they are written.
    nobody = Tenant(id=UUID(int=0), slug="nobody", name="Nobody", realm="nobody")
    realm = tenant_realm(nobody, workspace_secret="", management_secret="", login_theme=None)
    mail = realm["smtpServer"]
    if "password" in mail:
        # A change of it counts, and nobody who reads the digest can try passwords against it.
        mail["password"] = salted_hmac(
            "plexica.realm_digest", mail["password"], algorithm="sha256"
        ).hexdigest()
    facts = [realm, style_sheet_of(OWN_COLOUR).name]
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def platform_settings(*, login_theme: str | None) -> dict[str, Any]:
    """Return the settings of the platform's own realm, without what is in it."""
    return {
        **_settings(PLATFORM_REALM, "Plexica"),
        **session_settings(limits_of(None)),
        **({"loginTheme": login_theme} if login_theme else {}),
        "attributes": {"adminEventsExpiration": str(EVENT_SECONDS)},
    }


def platform_realm(
    *, console_secret: str, api_secret: str, login_theme: str | None
) -> dict[str, Any]:
    """Return the platform's own realm, for its staff and for programs that use its API.

    Args:
        console_secret: The secret of the client that logs browsers in to the console.
        api_secret: The secret of the account that programs use.
        login_theme: The look of its login pages, or None for Keycloak's own.
    """
    return {
        **platform_settings(login_theme=login_theme),
        "components": _user_profile_component(),
        "roles": {"realm": platform_roles()},
        "clients": platform_clients(console_secret=console_secret, api_secret=api_secret),
        "users": [
            {
                **service_user(API_CLIENT, PLATFORM_REALM),
                "realmRoles": [SUPER_ADMIN_ROLE, f"default-roles-{PLATFORM_REALM}"],
            }
        ],
    }


def platform_roles() -> list[dict[str, Any]]:
    """Return the roles by which the platform's realm says who may do what in console and API.

    They are named as Plexica's own roles for the staff are (`plexica.rbac.system_roles`).
    """
    return [
        {"name": SUPER_ADMIN_ROLE, "description": "May do everything on the platform"},
        {"name": SUPPORT_ROLE, "description": "Sees everything, and may retry failed runs"},
        {"name": READ_ONLY_ROLE, "description": "Sees everything, and changes nothing"},
    ]


def platform_clients(*, console_secret: str, api_secret: str) -> list[dict[str, Any]]:
    """Return the clients of the platform's realm.

    A token of the console names the console as its audience and not the API: what a browser's
    login leaves behind opens no door for programs.
    """
    console = browser_client(
        CONSOLE_CLIENT,
        name="Console",
        realm=PLATFORM_REALM,
        home_url=settings.PLEXICA_CONSOLE_URL,
        secret=console_secret,
    )
    api = service_client(API_CLIENT, name="API", secret=api_secret)
    api["protocolMappers"] = [audience_mapper(API_CLIENT)]
    return [console, api]


def user_profile() -> dict[str, Any]:
    """Return what is known of a person: an address, and names that they may leave out.

    Keycloak's own profile requires first and last name, and would stop an invited person with one
    more form at the first login.
    """
    everyone = {"view": ["admin", "user"], "edit": ["admin", "user"]}
    attributes = [
        {
            "name": "username",
            "displayName": "${username}",
            "permissions": everyone,
            "validations": {
                "length": {"min": 3, "max": 255},
                "username-prohibited-characters": {},
                "up-username-not-idn-homograph": {},
            },
        },
        {
            "name": "email",
            "displayName": "${email}",
            "required": {"roles": ["user"]},
            "permissions": everyone,
            "validations": {"email": {}, "length": {"max": 254}},
        },
        *(
            {
                "name": name,
                "displayName": f"${{{name}}}",
                "permissions": everyone,
                "validations": {
                    "length": {"max": 255},
                    "person-name-prohibited-characters": {},
                },
            }
            for name in ("firstName", "lastName")
        ),
    ]
    return {"attributes": attributes}


def _settings(realm: str, display_name: str, locale: str = "") -> dict[str, Any]:
    is_production = settings.PLEXICA_ENVIRONMENT == Environment.PRODUCTION
    return {
        "realm": realm,
        "enabled": True,
        "displayName": display_name,
        # Of login pages and mails. People's own languages are attributes of theirs (ADR 17).
        "internationalizationEnabled": True,
        "supportedLocales": [code for code, _name in settings.LANGUAGES],
        "defaultLocale": known_language(locale) or settings.LANGUAGE_CODE,
        "sslRequired": "external" if is_production else "none",
        "registrationAllowed": False,
        "loginWithEmailAllowed": True,
        "duplicateEmailsAllowed": False,
        "editUsernameAllowed": False,
        "resetPasswordAllowed": True,
        "rememberMe": False,
        "passwordPolicy": "length(10) and maxLength(128) and notUsername and notEmail",
        # After ten wrong passwords a minute's pause, and longer ones up to a quarter of an hour.
        "bruteForceProtected": True,
        "permanentLockout": False,
        "failureFactor": 10,
        "waitIncrementSeconds": MINUTE,
        "maxFailureWaitSeconds": 15 * MINUTE,
        "maxDeltaTimeSeconds": 12 * HOUR,
        "accessTokenLifespan": ACCESS_TOKEN_SECONDS,
        "actionTokenGeneratedByAdminLifespan": INVITATION_SECONDS,
        "actionTokenGeneratedByUserLifespan": 15 * MINUTE,
        "defaultSignatureAlgorithm": "RS256",
        "eventsEnabled": True,
        "enabledEventTypes": list(KEPT_EVENTS),
        "eventsExpiration": EVENT_SECONDS,
        "adminEventsEnabled": True,
        "adminEventsDetailsEnabled": True,
        "smtpServer": _mail_server(display_name),
    }


def _mail_server(display_name: str) -> dict[str, str]:
    found = {
        "host": settings.EMAIL_HOST,
        "port": str(settings.EMAIL_PORT),
        "from": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        "fromDisplayName": display_name,
        "ssl": _flag(settings.EMAIL_USE_SSL),
        "starttls": _flag(settings.EMAIL_USE_TLS),
        "auth": _flag(bool(settings.EMAIL_HOST_USER)),
    }
    if settings.EMAIL_HOST_USER:
        found |= {"user": settings.EMAIL_HOST_USER, "password": settings.EMAIL_HOST_PASSWORD}
    return found


def _flag(value: bool) -> str:  # noqa: FBT001 (it is all that the function is about)
    return "true" if value else "false"


def _user_profile_component() -> dict[str, Any]:
    return {
        "org.keycloak.userprofile.UserProfileProvider": [
            {
                "providerId": "declarative-user-profile",
                "config": {"kc.user.profile.config": [json.dumps(user_profile())]},
            }
        ]
    }
