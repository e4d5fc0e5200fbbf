"""Runs Django's commands in the platform's own scope."""

import os
import sys


def main() -> None:
    """Run one management command; those for a tenant enter the tenant's scope themselves."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plexica.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 (after the setting)

    from plexica.core.scope import platform_scope  # noqa: PLC0415 (reads the settings)

    with platform_scope():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
