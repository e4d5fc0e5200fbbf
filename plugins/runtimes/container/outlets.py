"""The outlet's process, from the agent's side."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import structlog

from plugins.runtimes.container.plan import Target
from plugins.runtimes.process import MARK

_END_SECONDS = 5.0
_SCRIPT = Path(__file__).with_name("outlet.py")

logger = structlog.get_logger(__name__)


class OutletProcess:
    """Started when it is not there, and by each agent anew; it outlives an agent that crashes."""

    def __init__(self, directory: Path, targets: Sequence[Target]) -> None:
        """Say where its sockets are, and what it connects to."""
        self._directory = directory
        self._targets = targets
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether what this one has started still runs."""
        return self._child is not None and self._child.poll() is None

    def ensure(self) -> None:
        """Start it, unless it runs."""
        with self._lock:
            if self.is_running:
                return
            if self._child is not None:
                logger.warning("plugin_outlet_ended", code=self._child.returncode)
            words = [f"{each.kind}={each.host}:{each.port}" for each in self._targets]
            command = [sys.executable, "-I", "-S", str(_SCRIPT), str(self._directory), *words]
            self._child = subprocess.Popen(  # noqa: S603 (our own words)
                command,
                stdin=subprocess.DEVNULL,
                # By it `make down` finds what an agent that was killed has left.
                env={name: os.environ[name] for name in (MARK,) if name in os.environ},
                cwd="/",
                start_new_session=True,
            )

    def close(self) -> None:
        """End it."""
        with self._lock:
            if self._child is None:
                return
            self._child.terminate()
            try:
                self._child.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait(_END_SECONDS)
            self._child = None
