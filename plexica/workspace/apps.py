from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    """The tenant's pages: thin views over the apps below."""

    name = "plexica.workspace"
    label = "workspace"
