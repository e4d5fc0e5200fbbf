from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Who did what, written in the same transaction."""

    name = "plexica.audit"
    label = "audit"
