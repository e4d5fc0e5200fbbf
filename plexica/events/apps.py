from django.apps import AppConfig


class EventsConfig(AppConfig):
    """What happened, told to subscribers after the transaction, at least once."""

    name = "plexica.events"
    label = "events"

    def ready(self) -> None:
        """Register what Prometheus is told of the outbox."""
        from plexica.events import metrics  # noqa: PLC0415 (models are loaded now)

        metrics.register()
