"""A plugin's backend as a process of its own, as the host starts it."""

import base64
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import requests

from plexica_sdk.errors import PluginError
from plexica_sdk.hosting.environment import Backend
from plexica_sdk.testing.cast import Member
from plexica_sdk.testing.contexts import claims_of, sign_claims
from plexica_sdk.testing.host import FakeHost

READY_SECONDS = 30
END_SECONDS = 10
_ASK_SECONDS = 15


class NotReady(PluginError):
    """A backend has not answered in time, or has ended; `str()` has its log."""


@dataclass(slots=True)
class RunningBackend:
    """A process, and how to ask it.

    Attributes:
        host: Whose it is.
        process: The process.
        output: Where it writes.
    """

    host: FakeHost
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    @property
    def log(self) -> str:
        """What it has written so far."""
        self.output.seek(0)
        return self.output.read().decode("utf-8", "replace")

    def ask(
        self,
        method: str,
        target: str,
        *,
        tenant: str = "acme",
        member: Member | None = None,
        permissions: Sequence[str] = (),
        via: str = "page",
        changes: Mapping[str, Any] | None = None,
        secret: bytes | None = None,
        **options: Any,
    ) -> requests.Response:
        """Ask as the gateway does.

        Args:
            method: The method.
            target: Path and query.
            tenant: The slug of the tenant, where nobody of it asks.
            member: Who asks; None for the host itself.
            permissions: What they hold.
            via: What for.
            changes: Claims that are not as they should be.
            secret: Another one than the backend's.
            options: What else `requests` takes.
        """
        installation = self.host.installations[member.tenant.slug if member else tenant]
        claims = claims_of(
            self.host.backend,
            installation,
            method=method,
            target=target,
            user=member.user if member else None,
            permissions=permissions,
            via=via,
        )
        context = sign_claims({**claims, **(changes or {})}, secret or self.host.backend.secret)
        return self.send(method, target, context, **options)

    def send(
        self, method: str, target: str, context: str = "", **options: Any
    ) -> requests.Response:
        """Send a request with a context that is ready.

        Args:
            method: The method.
            target: Path and query.
            context: The context; empty for none.
            options: What else `requests` takes.
        """
        headers = {
            **options.pop("headers", {}),
            **({"Plexica-Context": context} if context else {}),
        }
        backend = self.host.backend
        return requests.request(
            method,
            f"http://{backend.address}:{backend.port}{target}",
            headers=headers,
            timeout=_ASK_SECONDS,
            allow_redirects=False,
            **options,
        )

    def wait_until_ready(self) -> None:
        """Wait until it answers.

        Raises:
            NotReady: It does not, in 30 seconds.
        """
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if self.send("GET", "/_plexica/ready").ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
        raise NotReady(f"The backend does not answer:\n{self.log}")

    def end(self) -> int:
        """Ask it to end, and return its exit status.

        Raises:
            TimeoutExpired: It has not, in ten seconds.
        """
        self.process.terminate()
        return self.process.wait(END_SECONDS)


@contextmanager
def running_backend(
    host: FakeHost, command: Sequence[str], *, directory: Path, path: Sequence[Path] = ()
) -> Iterator[RunningBackend]:
    """Run a backend while a test lasts.

    Args:
        host: The host that it belongs to, which has to be running.
        command: The manifest's; `python` is this one.
        directory: Where it runs.
        path: Directories with modules beside those of this Python.
    """
    words = [sys.executable if word == "python" else word for word in command]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 # what the manifest says, as the host does
            words,
            cwd=directory,
            env=variables_of(host.backend, path),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        backend = RunningBackend(host, process, output)
        try:
            backend.wait_until_ready()
            yield backend
        finally:
            process.kill()
            process.wait()


def variables_of(backend: Backend, path: Sequence[Path] = ()) -> dict[str, str]:
    """Return the variables that a backend is started with.

    Args:
        backend: What it knows of itself.
        path: Directories with modules beside those of this Python.
    """
    places = [str(place) for place in path] + [place for place in sys.path if place]
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(places),
        "PLEXICA_LISTEN": f"{backend.address}:{backend.port}",
        "PLEXICA_HOST_URL": backend.host_url,
        "PLEXICA_BACKEND": backend.id,
        "PLEXICA_SECRET": base64.urlsafe_b64encode(backend.secret).decode().rstrip("="),
        "PLEXICA_PLUGIN": backend.plugin,
        "PLEXICA_VERSION": backend.version,
        "PLEXICA_DIGEST": backend.digest,
        "PLEXICA_TRACE_ENDPOINT": backend.trace_endpoint,
    }
