from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The super admin's pages: thin views over the apps below."""

    name = "plexica.console"
    label = "console"
