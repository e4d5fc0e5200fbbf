from django.apps import AppConfig


class PluginsConfig(AppConfig):
    """The host's side of plugins: the registry of their releases, and whom the platform trusts."""

    name = "plugins"
    label = "plugins"
