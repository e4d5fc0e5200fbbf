"""The ports of an instance: where they come from, and what to say when one is taken."""

import errno
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields

from deploy.local.errors import LocalPlatformError

LOOPBACK = "127.0.0.1"
_HIGHEST = 65535


@dataclass(frozen=True, kw_only=True)
class Ports:
    """One port for each thing that listens; all of them on loopback."""

    web: int = 8000
    keycloak: int = 8180
    keycloak_management: int = 8190
    postgres: int = 54320
    redis: int = 63790
    s3: int = 7070
    smtp: int = 10250
    mail: int = 10800
    metrics_web: int = 9464
    metrics_worker: int = 9465
    metrics_provisioner: int = 9466
    metrics_beat: int = 9467
    metrics_plugins: int = 9468

    @staticmethod
    def variable(name: str) -> str:
        """Return the environment variable that sets a port, such as `PLEXICA_S3_PORT`."""
        return "PLEXICA_PORT" if name == "web" else f"PLEXICA_{name.upper()}_PORT"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Ports":
        """Read the ports from the environment, with the defaults for those not set.

        Raises:
            LocalPlatformError: A value is no port, or two parts would share one.
        """
        chosen = {
            field.name: _parse(cls.variable(field.name), environment[cls.variable(field.name)])
            for field in fields(cls)
            if environment.get(cls.variable(field.name))
        }
        ports = cls(**chosen)
        seen: dict[int, str] = {}
        for field in fields(ports):
            number = getattr(ports, field.name)
            variable = cls.variable(field.name)
            if number in seen:
                raise LocalPlatformError(f"{seen[number]} and {variable} are both {number}.")
            seen[number] = variable
        return ports

    @classmethod
    def free(cls) -> "Ports":
        """Choose ports that nothing listens on at this moment."""
        sockets = [socket.socket() for _ in fields(cls)]
        try:
            for each in sockets:
                each.bind((LOOPBACK, 0))
            numbers = [each.getsockname()[1] for each in sockets]
        finally:
            for each in sockets:
                each.close()
        return cls(
            **{field.name: number for field, number in zip(fields(cls), numbers, strict=True)}
        )


def is_taken(port: int) -> bool:
    """Tell whether something on this machine already holds the loopback port."""
    with socket.socket() as probe:
        # As the servers do: a port in TIME_WAIT after our own shutdown is not taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            if error.errno == errno.EACCES:
                raise LocalPlatformError(f"Port {port} needs root: {os.strerror(13)}.") from error
            raise
    return False


def conflict_message(*, port: int, part: str, variable: str) -> str:
    """Say which port is taken, who wanted it, and how to choose another."""
    return (
        f"Port {port}, wanted by {part}, is in use by another program. "
        f"Stop that program, or choose another port: make up {variable}={port + 1}"
    )


def _parse(variable: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _HIGHEST:
        raise LocalPlatformError(f"{variable}={text!r} is not a port between 1 and {_HIGHEST}.")
    return int(text)
