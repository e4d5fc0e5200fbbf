"""The platform of compose.yaml, brought up service by service.

The old Podman of a Debian does not heed the conditions of `depends_on` nor run health checks by
itself, so both are done here: from the same file that Docker reads.
"""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import yaml

from deploy.local.instance import CHECKOUT
from deploy.local.ports import Ports
from tests.compose.podman import (
    PROJECT,
    ComposeError,
    compose,
    container,
    is_successful,
    log_of,
    podman,
)

_READY_SECONDS = 420
_POLL_SECONDS = 1.0
_STOP_SECONDS = 90
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


class Stack:
    """Services, in the order of their dependencies."""

    def __init__(self) -> None:
        ports = Ports.free()
        self.port, self.http_port, self.mail_port = ports.web, ports.keycloak, ports.mail
        self.variables = {
            "PLEXICA_PORT": str(self.port),
            "PLEXICA_HTTP_PORT": str(self.http_port),
            "PLEXICA_MAIL_PORT": str(self.mail_port),
            "PLEXICA_PUBLISH": "127.0.0.1",
            "PLEXICA_FRONT_SUBNET": f"10.{200 + self.port % 50}.{self.port // 50 % 250}.0/24",
        }
        services: dict[str, Any] = {}
        for name in ("compose.yaml", "compose.override.yaml"):
            loaded = yaml.safe_load((CHECKOUT / name).read_text("utf-8"))["services"]
            services |= {key: services.get(key, {}) | value for key, value in loaded.items()}
        for service in services.values():
            service["image"] = _VARIABLE.sub(r"\2", service["image"])
        self.services = services

    @property
    def console_url(self) -> str:
        """The console's address."""
        return f"https://localhost:{self.port}"

    @property
    def mail_url(self) -> str:
        """The mail catcher's address."""
        return f"http://127.0.0.1:{self.mail_port}"

    def in_order(self) -> Iterator[str]:
        """Go through the services, each after those that it depends on."""
        done: list[str] = []
        while len(done) < len(self.services):
            ready = [
                name
                for name, service in self.services.items()
                if name not in done and set(service.get("depends_on", {})) <= set(done)
            ]
            if not ready:
                raise ComposeError("compose.yaml: services depend on each other in a circle.")
            # What others do not wait for is started first.
            for name in ready:
                yield name
                done.append(name)

    def start(self, name: str) -> float:
        """Start a service once its conditions are met, and wait until it is as it should be.

        Returns:
            How many seconds that took.

        Raises:
            ComposeError: It does not become so, or ends with an error; with the end of its log.
        """
        started = time.monotonic()
        compose("up", "--detach", "--no-deps", "--no-build", name, variables=self.variables)
        if self.services[name].get("restart") == "no":
            code = podman("wait", container(name), seconds=_READY_SECONDS).strip()
            if code != "0":
                raise ComposeError(f"{name} ended with {code}:\n{self.log(name)}")
        else:
            self.wait_until_healthy(name)
        return time.monotonic() - started

    def wait_until_healthy(self, name: str) -> None:
        """Ask a service's own health check until it is content.

        Raises:
            ComposeError: It is not in time, or the service has ended.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while not is_successful("healthcheck", "run", container(name)):
            if self.state(name) != "running":
                raise ComposeError(f"{name} has ended:\n{self.log(name)}")
            if time.monotonic() > deadline:
                raise ComposeError(f"{name} does not become healthy:\n{self.log(name)}")
            time.sleep(_POLL_SECONDS)

    def restart(self, name: str) -> float:
        """Restart a service, and wait until it is healthy again.

        Returns:
            How many seconds that took.
        """
        started = time.monotonic()
        grace = str(self.services[name].get("stop_grace_period", "10s")).removesuffix("s")
        podman("restart", "--time", grace, container(name), seconds=_STOP_SECONDS + float(grace))
        self.wait_until_healthy(name)
        return time.monotonic() - started

    def wait_for_all(self) -> None:
        """Wait until every service that stays is healthy."""
        for name in self.staying:
            self.wait_until_healthy(name)

    @property
    def staying(self) -> list[str]:
        """The services that run on, in their order."""
        return [name for name in self.in_order() if self.services[name].get("restart") != "no"]

    def run(self, name: str, *words: str, data: bytes | None = None) -> str:
        """Run a command in a service's container."""
        interactive = ("--interactive",) if data is not None else ()
        return podman("exec", *interactive, container(name), *words, data=data)

    def inspect(self, name: str) -> dict[str, Any]:
        """Return what Podman knows of a service's container."""
        found: dict[str, Any] = json.loads(podman("container", "inspect", container(name)))[0]
        return found

    def state(self, name: str) -> str:
        """Return a container's state."""
        return podman(
            "container", "inspect", "--format", "{{.State.Status}}", container(name)
        ).strip()

    def log(self, name: str, lines: int = 40) -> str:
        """Return the end of a service's log."""
        return log_of(container(name), lines)

    def tell(self, *words: str) -> str:
        """Run the one-shot service `secrets`, as `docker compose run --rm secrets` does."""
        return compose(
            "run", "--rm", "--no-deps", "-T", "secrets", *words, variables=self.variables
        )

    def take_down(self) -> None:
        """Remove all containers, volumes and networks of the project."""
        compose("down", "--volumes", "--timeout", "45", variables=self.variables, seconds=600)

    @staticmethod
    def leftovers() -> list[str]:
        """Return what is still there of the project."""
        label = f"--filter=label=io.podman.compose.project={PROJECT}"
        found = podman("ps", "--all", "--format={{.Names}}", label).split()
        found += podman("volume", "ls", "--format={{.Name}}", label).split()
        return found + podman("network", "ls", "--format={{.Name}}", label).split()
