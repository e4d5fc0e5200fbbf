"""Writing the migrations of a plugin's models, which takes neither host nor database."""

import sys
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from plexica_sdk.building import read_manifest
from plexica_sdk.hosting.configuration import AUTO_FIELD, apps_of


def make_migrations(directory: Path, *, is_check: bool) -> None:
    """Write migrations for what has changed in a project's models. A process does it once.

    Args:
        directory: The project's.
        is_check: Whether to write nothing, and to end the process with 1 if something has changed.

    Raises:
        ManifestInvalid: The manifest is not acceptable.
        PluginError: The plugin is not one that the SDK hosts.
    """
    names = apps_of(read_manifest(directory))
    sys.path[:0] = [str((directory / "src").resolve()), str(directory.resolve())]
    settings.configure(
        DEFAULT_AUTO_FIELD=AUTO_FIELD,
        INSTALLED_APPS=["plexica_sdk.hosting", *names],
        USE_TZ=True,
    )
    django.setup()
    labels = [config.label for config in apps.get_app_configs() if config.name in names]
    call_command("makemigrations", *labels, check_changes=is_check, dry_run=is_check)
