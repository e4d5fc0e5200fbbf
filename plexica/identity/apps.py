from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Who somebody is: users, their Keycloak realms, logins and tokens."""

    name = "plexica.identity"
    label = "identity"

    def ready(self) -> None:
        """Tell health how to ask Keycloak, name people, and hear of what realms must know."""
        from plexica.audit.targets import register_namer  # noqa: PLC0415 (it needs the app registry)
        from plexica.core.crypto import register_rotation  # noqa: PLC0415 (the same)
        from plexica.core.health import register_check  # noqa: PLC0415 (the same)
        from plexica.events.registry import subscribe  # noqa: PLC0415 (the same)
        from plexica.identity import (  # noqa: PLC0415 (the same)
            browser_sessions,
            realm_changes,
            realm_settings,
            selectors,
            session_upkeep,
        )
        from plexica.identity.health import check_keycloak  # noqa: PLC0415 (the same)
        from plexica.identity.profile import avatars  # noqa: PLC0415 (the same)
        from plexica.identity.sync.hooks import register_hold  # noqa: PLC0415 (the same)

        register_hold(realm_changes.waiting_for_realm)
        register_rotation(session_upkeep.rotate_session_tokens)
        register_check("keycloak", check_keycloak)
        register_namer("user", selectors.name_users)
        register_namer("service_account", selectors.name_service_accounts)
        subscribe("tenant.updated", realm_settings.tell_realm_of_settings)
        subscribe(browser_sessions.EVERYWHERE_EVENT, session_upkeep.end_at_realm)
        subscribe(avatars.REPLACED_EVENT, avatars.forget_replaced)
        subscribe("user.removed", avatars.forget_of_removed)
