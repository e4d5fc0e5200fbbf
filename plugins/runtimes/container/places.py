"""Where things of containers are, below one directory of the host's."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from plexica.core.errors import PermanentError
from plugins.runtimes.base import LOG_TAIL_BYTES

# What a backend's row has room for; Linux takes a few bytes more.
_MAX_DOOR_PATH = 100


@dataclass(frozen=True, slots=True)
class Places:
    """Directories of units, by their keys; whoever reads a path in them is told by its modes."""

    root: Path

    @property
    def instance(self) -> str:
        """What tells this platform from others that share the engine."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]

    @property
    def doors(self) -> Path:
        """Doors, which the web server comes to as well."""
        return self.root / "doors"

    @property
    def outlets(self) -> Path:
        """The outlet's sockets."""
        return self.root / "outlets"

    @property
    def secrets(self) -> Path:
        """Secrets: the engine mounts them, nobody else enters."""
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        """What backends wrote that have ended."""
        return self.root / "logs"

    def make(self) -> None:
        """Make what is missing, whatever the umask."""
        if len(os.fsencode(self.door("0" * 12))) > _MAX_DOOR_PATH:
            raise PermanentError(
                f"PLEXICA_PLUGIN_DIR has to be shorter, for the sockets below it: {self.root}"
            )
        self.root.mkdir(parents=True, exist_ok=True)
        for path, mode in (
            (self.root, 0o711),
            (self.doors, 0o711),
            (self.outlets, 0o711),
            (self.secrets, 0o700),
            (self.logs, 0o700),
        ):
            path.mkdir(exist_ok=True)
            path.chmod(mode)

    def door(self, key: str) -> Path:
        """Return where a unit's door is."""
        return self.doors / key / "door"

    def make_door(self, key: str, *, owner: int | None) -> Path:
        """Make the directory for a unit's door.

        Args:
            key: The unit.
            owner: Who has to be able to write to it; None: the agent itself.
        """
        directory = self.doors / key
        directory.mkdir(mode=0o711)
        directory.chmod(0o711)
        if owner is not None:
            os.chown(directory, owner, owner)
        return directory

    def write_secret(self, key: str, secret: str) -> Path:
        """Write a unit's secret, and return the directory to be mounted."""
        directory = self.secrets / key
        directory.mkdir(mode=0o755)
        # Whoever a container's user is reads it; the directory above keeps everybody else away.
        path = directory / "secret"
        path.write_text(secret, "ascii")
        path.chmod(0o444)
        directory.chmod(0o755)
        return directory

    def remove(self, key: str) -> None:
        """Remove what there is of a unit."""
        for directory in (self.doors / key, self.secrets / key):
            shutil.rmtree(directory, ignore_errors=True)

    def keep_log(self, backend: str, said: bytes) -> None:
        """Keep what a backend wrote that has ended, behind what was kept before."""
        path = self._log(backend)
        path.write_bytes(self._kept(backend, said))
        path.chmod(0o600)

    def log(self, backend: str, now: bytes) -> str:
        """Return the end of what was kept and of what is written now."""
        # PostgreSQL keeps no null characters.
        return self._kept(backend, now).decode("utf-8", "replace").replace("\0", "\ufffd")

    def _kept(self, backend: str, more: bytes) -> bytes:
        path = self._log(backend)
        before = path.read_bytes() if path.exists() else b""
        return (before + more)[-LOG_TAIL_BYTES:]

    def _log(self, backend: str) -> Path:
        return self.logs / f"{backend}.log"
