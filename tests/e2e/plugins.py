"""Plugins as operators and authors handle them: by commands, on the running platform."""

import os
import subprocess
from pathlib import Path

from django.conf import settings

from deploy.local.environment import web_environment
from plexica.core.scope import platform_scope
from tests.e2e.conftest import App
from tests.integration.plugins.packages import empty_registry

CHECKOUT = Path(settings.BASE_DIR)
PYTHON = ".venv/bin/python"
SECONDS = 120


def try_command(app: App, command: str) -> subprocess.CompletedProcess[str]:
    """Give a command in Plexica's directory, however it ends."""
    return subprocess.run(  # noqa: S602 # as somebody types it
        command,
        shell=True,
        cwd=CHECKOUT,
        env=os.environ | web_environment(app.instance),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def give_command(app: App, command: str) -> str:
    """Give a command that has to succeed, and return what it says."""
    done = try_command(app, command)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def remove_plugin(app: App, slug: str, *, tenant: str) -> None:
    """Remove a plugin from a tenant and from the registry, whatever has become of it."""
    try_command(app, f"{PYTHON} manage.py plugin uninstall {slug} --tenant {tenant} --purge")
    with platform_scope():
        empty_registry()
