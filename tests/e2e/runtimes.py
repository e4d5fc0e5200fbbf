"""What the platform's agent runs plugins by."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from deploy.local import control
from deploy.local.instance import Instance
from deploy.local.launcher import Launcher
from tests.integration.plugins.container.engines import BASE, RealEngine

# An image for all is made first, from a base of some hundred megabytes.
_SECONDS = 180.0
_LOOK_SECONDS = 0.2


@contextmanager
def plugins_in_containers(instance: Instance, engine: RealEngine) -> Iterator[None]:
    """Have the agent run plugins in containers of an engine."""
    chosen = {
        "PLEXICA_PLUGIN_RUNTIME": "container",
        "PLEXICA_PLUGIN_ENGINE": engine.url,
        "PLEXICA_PLUGIN_BASE_IMAGE": BASE,
    }
    _restart_agent(instance, chosen)
    try:
        # An image for all, which is made once a version of the platform.
        ends_at = time.monotonic() + _SECONDS
        while not engine.images("/foundation:"):
            assert time.monotonic() < ends_at
            time.sleep(_LOOK_SECONDS)
        yield
    finally:
        _restart_agent(instance, {})


def _restart_agent(instance: Instance, chosen: dict[str, str]) -> None:
    control.stop_part(instance, "plugins")
    launcher = Launcher(replace(instance, external={**instance.external, **chosen}))
    launcher.supervisor.ensure(launcher.programs)
    control.start_part(instance, "plugins")
