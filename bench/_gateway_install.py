"""Times the installing of a plugin: `python -m bench._gateway_install`, JSON last.

The example is installed as an operator does it, once with its environment made anew and once more
when that is there, and its backend's memory is looked at. It runs by itself, since it needs
Django's settings.
"""

import json
import os
import tempfile
from pathlib import Path

from bench._processes import memory_mb
from deploy.local.instance import CHECKOUT

_SLUG, _VERSION, _TENANT = "hello", "0.1.0", "acme"


def main() -> None:
    """Measure, and print the figures."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "plexica.settings"
    import django  # noqa: PLC0415 (after the settings)

    django.setup()
    from plexica.core.scope import platform_scope  # noqa: PLC0415 (after the set-up)

    with platform_scope():
        print(json.dumps(_measure()))


def _measure() -> dict[str, float]:
    from plugins.models import Backend  # noqa: PLC0415 (after the set-up)

    with tempfile.TemporaryDirectory() as folder:
        _register(Path(folder))
    first = _install()
    backend = Backend.objects.get(release__plugin__slug=_SLUG)
    # A process's handle begins with its number.
    memory = memory_mb(int(backend.handle.partition("-")[0]))
    _tell("uninstall", _SLUG, "--tenant", _TENANT, "--purge")
    again = _install()
    _tell("uninstall", _SLUG, "--tenant", _TENANT, "--purge")
    return {
        "install_first_seconds": round(first, 1),
        "install_seconds": round(again, 1),
        "plugin_memory_mb": round(memory, 1),
    }


def _register(folder: Path) -> None:
    from plexica_sdk.cli import main as author  # noqa: PLC0415 (not where only the host is)

    package, key = folder / "hello.plexica", folder / "author.pem"
    example = str(CHECKOUT / "examples" / "hello")
    for words in (
        ["build", example, "--no-isolation", "--output", str(package)],
        ["keygen", str(key)],
        ["sign", str(package), "--key", str(key)],
    ):
        if author(words):
            raise RuntimeError(f"plexica-plugin {words[0]} failed.")
    _tell("trust", str(key.with_suffix(".pub")), "--name", "Bench")
    _tell("register", str(package))
    _tell("unconfine", _SLUG, _VERSION)
    _tell("publish", _SLUG, _VERSION)


def _install() -> float:
    from tenants.models import ProvisioningRun  # noqa: PLC0415 (after the set-up)
    from tenants.states import RunKind  # noqa: PLC0415 (the same)

    _tell("install", _SLUG, "--tenant", _TENANT, "--agree", "--set", "api_key=bench")
    run = ProvisioningRun.objects.filter(kind=RunKind.PLUGIN_INSTALL).latest("created_at")
    if run.seconds is None:
        raise RuntimeError("The plugin was not installed.")
    return run.seconds


def _tell(*words: str) -> None:
    from django.core.management import call_command  # noqa: PLC0415 (after the set-up)

    call_command("plugin", *words)


if __name__ == "__main__":
    main()
