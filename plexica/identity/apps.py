from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Who somebody is: users, their Keycloak realms, logins and tokens."""

    name = "plexica.identity"
    label = "identity"
