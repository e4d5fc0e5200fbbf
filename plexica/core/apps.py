from django.apps import AppConfig


class CoreConfig(AppConfig):
    """What every other app stands on; it has no models."""

    name = "plexica.core"
    label = "core"
