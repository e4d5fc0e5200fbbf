"""The agent that runs the backends of plugins; see docs/plugins/backends.md."""

import signal
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from plexica.core.context import start_thread
from plexica.core.observe.listener import start_observing
from plexica.core.scope import platform_scope
from plugins.agent.configured import configured_runtime
from plugins.agent.loop import Agent

_LOOK_SECONDS = 0.5


class Command(BaseCommand):
    """Run the agent until SIGTERM or SIGINT, which has it end all that it runs."""

    help = "Start, watch and end the backends of plugins, until told to stop."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run it."""
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_signal: stopping.set())
        start_observing("plugins")
        place = Path(settings.PLEXICA_PLUGIN_DIR)
        agent = Agent([configured_runtime(place)], on_look=(place / "looked").touch)
        with platform_scope():
            # A handler must not meet the very lock that it asks for, so this thread only waits.
            working = start_thread(lambda: agent.run(stopping), name="plugin-agent")
        while working.is_alive():
            working.join(_LOOK_SECONDS)
