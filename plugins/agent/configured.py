"""The runtime that the settings name."""

from pathlib import Path

from django.conf import settings

from plugins.runtimes.base import Runtime
from plugins.runtimes.container.plan import Target
from plugins.runtimes.container.runtime import ContainerRuntime
from plugins.runtimes.process import ProcessRuntime

_POSTGRES_PORT = 5432


def configured_runtime(place: Path) -> Runtime:
    """Return what runs backends on this machine.

    Args:
        place: The directory for all that belongs to backends.
    """
    if ProcessRuntime.name == settings.PLEXICA_PLUGIN_RUNTIME:
        return ProcessRuntime(
            place, settings.PLEXICA_PLUGIN_USERS, host=settings.PLEXICA_PLUGIN_HOST
        )
    return ContainerRuntime(
        place / ContainerRuntime.name,
        engine_url=settings.PLEXICA_PLUGIN_ENGINE,
        base=settings.PLEXICA_PLUGIN_BASE_IMAGE,
        targets=host_targets(),
    )


def host_targets() -> list[Target]:
    """Return what of the host backends need: its API, and the database, as they are told of it."""
    database = settings.DATABASES["default"]
    return [
        Target.of_url("api", settings.PLEXICA_INTERNAL_URL),
        Target("database", database["HOST"], int(database["PORT"] or _POSTGRES_PORT)),
    ]
