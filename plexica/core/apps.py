from django.apps import AppConfig


class CoreConfig(AppConfig):
    """What every other app stands on; it has no models."""

    name = "plexica.core"
    label = "core"

    def ready(self) -> None:
        """Register what Prometheus is told of servers, queues and schedules."""
        from plexica.core.observe import facts  # noqa: PLC0415 (settings are there now)

        facts.register()
