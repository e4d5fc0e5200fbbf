from django.apps import AppConfig


class EventsConfig(AppConfig):
    """What happened, told to subscribers after the transaction, at least once."""

    name = "plexica.events"
    label = "events"
