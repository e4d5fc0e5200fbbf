"""A platform of its own for a benchmark: all servers and processes, empty, gone afterwards."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests

from deploy.local import control
from deploy.local.instance import CHECKOUT, Instance
from deploy.local.launcher import Launcher

TIMEOUT_SECONDS = 60


@dataclass
class Api:
    """The platform's API, called as a program calls it.

    Attributes:
        credentials: What `make up` writes to `credentials.json`.
    """

    credentials: dict[str, str]
    session: requests.Session = field(default_factory=requests.Session)
    _token_until: float = 0.0

    def call(self, method: str, path: str, **options: object) -> requests.Response:
        """Call an address of the API with a token that is valid."""
        if time.monotonic() > self._token_until:
            self._log_in()
        response = self.session.request(
            method,
            self.credentials["console_url"] + path,
            timeout=TIMEOUT_SECONDS,
            **options,  # type: ignore[arg-type] # handed through
        )
        response.raise_for_status()
        return response

    def _log_in(self) -> None:
        answer = requests.post(
            self.credentials["token_url"],
            data={"grant_type": "client_credentials"},
            auth=(self.credentials["api_client_id"], self.credentials["api_client_secret"]),
            timeout=TIMEOUT_SECONDS,
        )
        answer.raise_for_status()
        token = answer.json()
        self.session.headers["Authorization"] = f"Bearer {token['access_token']}"
        self._token_until = time.monotonic() + token["expires_in"] / 2


@dataclass(frozen=True, slots=True)
class Platform:
    """A running platform."""

    instance: Instance
    environment: dict[str, str]
    api: Api


@contextmanager
def running_platform() -> Iterator[Platform]:
    """Start an empty platform, and remove it afterwards."""
    instance = Instance.for_tests(CHECKOUT / ".plexica" / "bench")
    control.reset(instance)
    try:
        environment = control.start_servers(instance)
        credentials = control.start_app(instance)
        yield Platform(instance, environment, Api(credentials))
    finally:
        control.reset(instance)


@contextmanager
def running_servers(
    commands: tuple[str, ...] = ("prepare_database", "migrate"),
) -> Iterator[dict[str, str]]:
    """Start empty servers without Plexica's own processes, and remove them afterwards.

    Args:
        commands: What `manage.py` prepares them with.

    Yields:
        Every variable that Plexica reads, with the logins of the set-up commands among them.
    """
    instance = Instance.for_tests(CHECKOUT / ".plexica" / "bench")
    control.reset(instance)
    try:
        environment = control.start_servers(instance)
        for command in commands:
            Launcher(instance).manage(command, environment=environment)
        yield environment
    finally:
        control.reset(instance)
