from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Who somebody is: users, their Keycloak realms, logins and tokens."""

    name = "plexica.identity"
    label = "identity"

    def ready(self) -> None:
        """Tell the health page how to ask the Keycloak servers."""
        from plexica.core.health import register_check  # noqa: PLC0415 (it needs the app registry)
        from plexica.identity.health import check_keycloak  # noqa: PLC0415 (the same)

        register_check("keycloak", check_keycloak)
