"""An instance of the platform on this machine: its directory, its ports, its secrets."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from deploy.local.errors import LocalPlatformError
from deploy.local.ports import Ports
from deploy.local.secrets_store import load_secrets

CHECKOUT = Path(__file__).resolve().parents[2]
# Linux allows 108 bytes for the path of a socket, with the closing null byte.
_SOCKET_PATH_LIMIT = 107


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One set of servers and processes, apart from every other by directory and ports.

    Attributes:
        root: Directory of all data, logs and generated files; `make reset` empties it.
        ports: Where each part listens, on loopback.
        external: Variables that name parts that are already there (`DATABASE_URL`, …) with what
            goes with them; such a part is not started.
        is_durable: False lets PostgreSQL skip flushing to disk; for tests.
        tools: Fetched programs, shared by all instances of a checkout.
    """

    root: Path
    ports: Ports
    external: Mapping[str, str] = field(default_factory=dict)
    is_durable: bool = True
    tools: Path = CHECKOUT / ".plexica" / "tools"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Instance":
        """Describe the instance that `make up` starts, from the variables that a person sets."""
        home = environment.get("PLEXICA_HOME")
        tools = environment.get("PLEXICA_TOOLS")
        return cls(
            root=Path(home).resolve() if home else CHECKOUT / ".plexica",
            ports=Ports.from_environment(environment),
            external={name: value for name, value in environment.items() if value},
            tools=Path(tools).resolve() if tools else CHECKOUT / ".plexica" / "tools",
        )

    @classmethod
    def for_tests(cls, root: Path = CHECKOUT / ".plexica" / "test") -> "Instance":
        """Describe an instance on free ports, fast rather than safe from a power cut."""
        return cls(root=root, ports=Ports.free(), is_durable=False)

    @property
    def data(self) -> Path:
        """The directory of the servers' data."""
        return self.root / "data"

    @property
    def logs(self) -> Path:
        """The directory of all log files, one a program."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """The directory of generated configuration and process ids."""
        return self.root / "run"

    @cached_property
    def secrets(self) -> dict[str, str]:
        """The generated secrets by name."""
        return load_secrets(self.root / "secrets.json")

    @property
    def socket(self) -> Path:
        """The supervisor's socket: under the root, or, if that is too deep, in a private place."""
        path = self.run / "supervisor.sock"
        # Supervisor binds a temporary name first: the path, a dot and its process id.
        if len(os.fsencode(path)) + len(".4194304") <= _SOCKET_PATH_LIMIT:
            return path
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"plexica-{os.getuid()}-{digest}" / "supervisor.sock"

    def make_directories(self) -> None:
        """Make what is missing of the instance's directories.

        Raises:
            LocalPlatformError: The socket's directory in the shared temporary place is not ours.
        """
        for path in (self.root, self.data, self.logs, self.run, self.tools):
            path.mkdir(parents=True, exist_ok=True)
        self.logs.chmod(0o700)
        self.run.chmod(0o700)
        self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        status = self.socket.parent.lstat()
        if (
            not stat.S_ISDIR(status.st_mode)
            or status.st_uid != os.getuid()
            or stat.S_IMODE(status.st_mode) & 0o077
        ):
            raise LocalPlatformError(f"{self.socket.parent} belongs to somebody else; remove it.")
