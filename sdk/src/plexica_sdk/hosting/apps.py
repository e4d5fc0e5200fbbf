"""The SDK's own Django app, which each hosted plugin has beside its own."""

from django.apps import AppConfig
from django.core.signals import request_finished

from plexica_sdk.hosting.context import leave


class HostingConfig(AppConfig):
    """Template tags, and the end of a request's context."""

    name = "plexica_sdk.hosting"
    label = "plexica"

    def ready(self) -> None:
        """Let a context end with its request, after Django has closed the connection."""
        request_finished.connect(leave, dispatch_uid="plexica")
