"""What a container is given: names, labels, limits. Nothing here speaks with an engine."""

import ipaddress
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from plexica.core.errors import PermanentError
from plexica_sdk.manifest import Runtime as Wants

INSTANCE, UNIT, BACKEND, RELEASE, ROLE = (
    f"plexica.{name}" for name in ("instance", "unit", "backend", "release", "role")
)
PLUGIN, PORTER, FOUNDATION, IMAGE = "plugin", "porter", "foundation", "image"

# Nobody on any machine: neither root nor anybody that owns a file in usual images.
USER = 65532
MAX_PROCESSES = 128
LOG_BYTES = 1024 * 1024
HOME = "/tmp"  # noqa: S108 (a container's own)
PLACE = "/plexica"
SECRETS = f"{PLACE}/secret"
ENVIRONMENT = "/plugin"
_KEY_BYTES = 6
_TMP_MB = 16
_PORTER_MB = 32
_PORTER_PROCESSES = 8
_MIB = 1024 * 1024
_FIRST_PORT = 8080
_OPEN_FILES = 512
# Counted for the user in all containers together, so it only stands in for having none: what one
# container may have is `MAX_PROCESSES`.
_USERS_PROCESSES = 8192
_OOM_SCORE = 500
_LOOPBACK = "127.0.0.1"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """What of the host backends reach, by the same name and port as everybody.

    Attributes:
        kind: What it is: `api`, `database`.
        host: Its name, or an address of this machine's loopback.
        port: Its port.
    """

    kind: str
    host: str
    port: int

    @classmethod
    def of_url(cls, kind: str, url: str) -> "Target":
        """Return what a URL names."""
        parts = urlsplit(url)
        return cls(kind, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0))

    @property
    def inner_address(self) -> str:
        """Where it is inside a container, on whose loopback it has to be.

        Raises:
            PermanentError: It cannot be there.
        """
        if not self.host or self.host.startswith("/"):
            raise PermanentError(
                f"What plugins in containers need of the host ({self.kind}) has to be reached over"
                " TCP, by a name: see docs/plugins/backends.md."
            )
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return _LOOPBACK
        if not (address.is_loopback and isinstance(address, ipaddress.IPv4Address)):
            raise PermanentError(
                f"Plugins in containers cannot reach {self.host} ({self.kind}). Give it a name:"
                " see docs/plugins/backends.md."
            )
        return self.host

    @property
    def alias(self) -> str:
        """The line of a container's hosts file that it needs; empty: none."""
        is_known = self.host in {"localhost", self.inner_address}
        return "" if is_known else f"{self.host}:{self.inner_address}"


def new_key() -> str:
    """Return a key for a unit: names of files and containers are made of it."""
    return secrets.token_hex(_KEY_BYTES)


def is_key(text: str) -> bool:
    """Tell whether a text is the key of a unit."""
    return re.fullmatch(rf"[0-9a-f]{{{2 * _KEY_BYTES}}}", text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One backend as it is started once: the porter's container and the backend's own.

    Attributes:
        key: What tells it from all others.
        instance: The platform that it belongs to.
        backend: The backend's id.
        release: The release's digest.
    """

    key: str
    instance: str
    backend: str
    release: str

    def name(self, role: str) -> str:
        """Return what a container of it is called."""
        return f"plexica-{self.key}" + ("" if role == PLUGIN else f"-{role}")

    def labels(self, role: str) -> dict[str, str]:
        """Return what a container of it is known by."""
        return {
            INSTANCE: self.instance,
            UNIT: self.key,
            BACKEND: self.backend,
            RELEASE: self.release,
            ROLE: role,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """How a unit is connected.

    Attributes:
        targets: What it may reach of the host.
        door: The directory in which the porter makes its door.
        outlets: The directory in which the outlet has its sockets.
        porter_user: Whom the porter runs as, who may write to the door's directory.
        shares_names: Whether a container has the hosts file of the one whose network it shares.
    """

    targets: Sequence[Target]
    door: Path
    outlets: Path
    porter_user: str
    shares_names: bool

    @property
    def port(self) -> int:
        """The backend's own, which none of the host's takes."""
        taken = {target.port for target in self.targets}
        return next(port for port in range(_FIRST_PORT, _FIRST_PORT + 100) if port not in taken)

    @property
    def listen(self) -> str:
        """What the backend listens on."""
        return f"{_LOOPBACK}:{self.port}"

    @property
    def names(self) -> list[str]:
        """Return the lines of the hosts file."""
        return sorted({target.alias for target in self.targets} - {""})


def confined(*, memory_mb: int, cpu: float, processes: int) -> dict[str, Any]:
    """Return what every container of a plugin is kept within."""
    return {
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Privileged": False,
        "Memory": memory_mb * _MIB,
        # The same number: no swap beside it.
        "MemorySwap": memory_mb * _MIB,
        "NanoCpus": int(cpu * 1_000_000_000),
        "PidsLimit": processes,
        "OomScoreAdj": _OOM_SCORE,
        "Ulimits": [
            {"Name": "nofile", "Soft": _OPEN_FILES, "Hard": _OPEN_FILES},
            {"Name": "nproc", "Soft": _USERS_PROCESSES, "Hard": _USERS_PROCESSES},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "ShmSize": _MIB,
        "RestartPolicy": {"Name": "no"},
        "LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": str(LOG_BYTES), "max-file": "1"},
        },
    }


def porter_config(unit: Unit, wiring: Wiring, *, image: str) -> dict[str, Any]:
    """Return the porter's container: a network with nothing in it, and two directories.

    Raises:
        PermanentError: A target cannot be reached from a container.
    """
    places = [f"{target.kind}={target.inner_address}:{target.port}" for target in wiring.targets]
    program = ["python3", "-I", "-S", f"{PLACE}/porter.py"]
    return {
        "Image": image,
        "Entrypoint": program,
        "Cmd": [unit.key, "/door/door", "/outlets", str(wiring.port), *places],
        "User": wiring.porter_user,
        "WorkingDir": "/",
        "Labels": unit.labels(PORTER),
        "HostConfig": {
            **confined(memory_mb=_PORTER_MB, cpu=0.25, processes=_PORTER_PROCESSES),
            "NetworkMode": "none",
            "ExtraHosts": wiring.names,
            # It listens on the host's own ports, and 443 may be one of them.
            "Sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"},
            "Binds": [f"{wiring.door}:/door:rw", f"{wiring.outlets}:/outlets:ro"],
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a backend's container has in it.

    Attributes:
        image: The image.
        wants: What the manifest says.
        variables: The contract's, without the secret and where to listen.
        secret: The directory with the secret's file.
    """

    image: str
    wants: Wants
    variables: Mapping[str, str] = field(repr=False)
    secret: Path


def plugin_config(unit: Unit, wiring: Wiring, contents: Contents) -> dict[str, Any]:
    """Return the backend's own container, in the porter's network."""
    wants = contents.wants
    variables = {
        **contents.variables,
        "PLEXICA_LISTEN": wiring.listen,
        "HOME": HOME,
        "TMPDIR": HOME,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
    config: dict[str, Any] = {
        "Image": contents.image,
        "User": f"{USER}:{USER}",
        "Labels": unit.labels(PLUGIN),
        "HostConfig": {
            **confined(memory_mb=wants.memory_mb, cpu=wants.cpu, processes=MAX_PROCESSES),
            "NetworkMode": f"container:{unit.name(PORTER)}",
            "IpcMode": "private",
            "ExtraHosts": [] if wiring.shares_names else wiring.names,
            "Tmpfs": {HOME: f"rw,noexec,nosuid,nodev,size={_TMP_MB}m,mode=1777"},
            "Binds": [f"{contents.secret}:{SECRETS}:ro"],
        },
    }
    if wants.command:
        variables["PATH"] = f"{ENVIRONMENT}/bin:/usr/local/bin:/usr/bin:/bin"
        config["Entrypoint"] = ["python3", "-I", "-S", f"{PLACE}/enter.py"]
        config["Cmd"] = list(wants.command)
        config["WorkingDir"] = HOME
    else:
        # What an image begins with is its own matter, so it reads the secret by itself.
        variables["PLEXICA_SECRET_FILE"] = f"{SECRETS}/secret"
    config["Env"] = [f"{name}={value}" for name, value in sorted(variables.items())]
    return config
