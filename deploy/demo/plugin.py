"""The demo's plugin: built from the example in this checkout, signed with a key made for it."""

import io
import os
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

from django.core.management import call_command

from deploy.demo.errors import DemoError
from plexica.core.scope import platform_scope
from plugins.models import Release
from plugins.states import ReleaseState

PLUGIN = "hello"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / PLUGIN
_SECONDS = 300


def offer_plugin() -> bool:
    """See that a release of the plugin is published, and return whether one is.

    Returns:
        False where the example and what builds it are not at hand, as in an image.

    Raises:
        DemoError: It cannot be built.
    """
    with platform_scope():
        if Release.objects.filter(plugin__slug=PLUGIN, state=ReleaseState.PUBLISHED).exists():
            return True
    if not EXAMPLE.is_dir():
        return False
    with tempfile.TemporaryDirectory() as directory:
        package, key = Path(directory) / f"{PLUGIN}.plexica", Path(directory) / "author.pem"
        _sdk("build", str(EXAMPLE), "--no-isolation", "--output", str(package))
        _sdk("keygen", str(key))
        _sdk("sign", str(package), "--key", str(key))
        plugin_command("trust", str(key.with_suffix(".pub")), "--name", "Demo")
        plugin_command("register", str(package))
    with platform_scope():
        version = Release.objects.filter(plugin__slug=PLUGIN).latest("registered_at").version
    if os.geteuid() != 0:
        # An agent that is not root has no OS users to give, and this code is Plexica's own.
        plugin_command("unconfine", PLUGIN, version)
    plugin_command("publish", PLUGIN, version)
    return True


def plugin_command(*words: str) -> None:
    """Give a subcommand of `manage.py plugin`, and keep what it says to ourselves."""
    with platform_scope(), redirect_stdout(io.StringIO()):
        call_command("plugin", *words)


def _sdk(*words: str) -> None:
    done = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-m", "plexica_sdk.cli", *words],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise DemoError(f"The plugin {PLUGIN} cannot be built: {done.stdout}{done.stderr}")
