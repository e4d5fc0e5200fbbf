"""What is asked of Docker or of Podman, by the Docker API."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

import requests
import structlog
from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from plexica.core.errors import PermanentError, TransientError
from plugins.runtimes.container.plan import (
    BACKEND,
    INSTANCE,
    PLUGIN,
    RELEASE,
    ROLE,
    UNIT,
    is_key,
)

_SECONDS = 15
_MAKING_SECONDS = 300
_MAX_SAID = 400
_LOG_LINES = 2000
# What registries say of an image that will not be there the next time either.
_GONE = ("not found", "manifest unknown", "name unknown", "denied", "unauthorized", "no such image")

logger = structlog.get_logger(__name__)


class EngineAway(TransientError):
    """The engine cannot be reached, or does not answer."""


class ImageGone(PermanentError):
    """There is no such image, or we may not have it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A container of ours, as a list shows it."""

    name: str
    unit: str
    backend: str
    release: str
    role: str
    is_running: bool


@dataclass(frozen=True, slots=True)
class End:
    """How a container has ended."""

    code: int
    was_short_of_memory: bool


class Engine:
    """One engine, by its socket. Its methods may be called by several threads."""

    def __init__(self, url: str, instance: str) -> None:
        """Say which; nothing is asked of it yet.

        Args:
            url: Its socket: `unix:///run/podman/podman.sock`.
            instance: What of it is ours.
        """
        self.url = url
        self._instance = instance
        self._lock = threading.Lock()
        self._clients: dict[int, APIClient] = {}
        self._facts: tuple[bool, bool] | None = None

    def list_ours(self) -> list[Seen]:
        """Return all our containers of backends, whatever their state.

        Those in which an image of ours is built have its labels, too, and belong to no unit.
        """
        wanted = {"label": [f"{INSTANCE}={self._instance}"]}
        with self._asking() as client:
            rows = client.containers(all=True, filters=wanted)
        return [
            Seen(
                name=row["Names"][0].lstrip("/"),
                unit=row["Labels"][UNIT],
                backend=row["Labels"].get(BACKEND, ""),
                release=row["Labels"].get(RELEASE, ""),
                role=row["Labels"].get(ROLE, PLUGIN),
                is_running=row["State"] == "running",
            )
            for row in rows
            if is_key(row["Labels"].get(UNIT, ""))
        ]

    @property
    def is_rootless(self) -> bool:
        """Whether its containers' root is the user that it runs as."""
        return self._ask_facts()[0]

    @property
    def shares_names(self) -> bool:
        """Whether containers that share a network share a hosts file, as Docker's do."""
        return self._ask_facts()[1]

    def run(self, name: str, config: Mapping[str, Any]) -> None:
        """Create a container and start it."""
        with self._asking() as client:
            client.create_container_from_config(dict(config), name)  # type: ignore[no-untyped-call]
            client.start(name)

    def stop(self, name: str, seconds: float) -> None:
        """Have a container end, if it runs."""
        with suppress(NotFound), self._asking(_SECONDS + int(seconds)) as client:
            client.stop(name, timeout=int(seconds))

    def remove(self, name: str) -> None:
        """Remove a container, if it is there, whether it runs or not."""
        with suppress(NotFound), self._asking() as client:
            client.remove_container(name, force=True, v=True)

    def end_of(self, name: str) -> End | None:
        """Return how a container has ended; None while it runs, or when it is not there."""
        try:
            with self._asking() as client:
                state = client.inspect_container(name)["State"]
        except NotFound:
            return None
        if state["Running"]:
            return None
        return End(int(state["ExitCode"]), bool(state.get("OOMKilled")))

    def log_of(self, name: str) -> bytes:
        """Return the end of what a container has written; nothing if it is not there."""
        try:
            with self._asking() as client:
                return bytes(client.logs(name, stdout=True, stderr=True, tail=_LOG_LINES))
        except NotFound:
            return b""

    def has_image(self, reference: str) -> bool:
        """Tell whether an image is there."""
        try:
            with self._asking() as client:
                client.inspect_image(reference)  # type: ignore[no-untyped-call]
        except NotFound:
            return False
        return True

    def pull(self, reference: str) -> None:
        """Fetch an image from its registry.

        Raises:
            ImageGone: There is no such image, or we may not have it.
            TransientError: It cannot be fetched now.
        """
        with self._making(reference) as client:
            _drain(client.pull(reference, stream=True, decode=True))

    def tag(self, reference: str, name: str) -> None:
        """Give an image a name of ours, too."""
        repository, _colon, tag = name.rpartition(":")
        with self._asking() as client:
            client.tag(reference, repository, tag)

    def build(self, context: IO[bytes], name: str, labels: Mapping[str, str]) -> None:
        """Build an image. What runs meanwhile has no network.

        Args:
            context: A tar file with a Dockerfile in it.
            name: What it shall be called.
            labels: What it is known by.

        Raises:
            ImageGone: The image that it begins with is not to be had.
            TransientError: It cannot be built now.
        """
        with self._making(name) as client:
            said = client.build(
                fileobj=context,
                custom_context=True,
                tag=name,
                labels=dict(labels) | {INSTANCE: self._instance},
                rm=True,
                forcerm=True,
                network_mode="none",
                decode=True,
            )
            _drain(said)

    def images(self, **labels: str) -> list[str]:
        """Return the names of our images that have some labels."""
        wanted = [f"{INSTANCE}={self._instance}", *(f"{k}={v}" for k, v in labels.items())]
        with self._asking() as client:
            rows = client.images(filters={"label": wanted})
        return [tag for row in rows for tag in row["RepoTags"] or ()]

    def images_called(self, repository: str) -> list[str]:
        """Return the names of the images of one repository."""
        with self._asking() as client:
            rows = client.images(name=repository)
        found = (tag for row in rows for tag in row["RepoTags"] or ())
        return [tag for tag in found if tag.rpartition(":")[0] == repository]

    def remove_image(self, name: str) -> None:
        """Remove an image's name, and the image with its last one; one in use stays."""
        try:
            with self._asking() as client:
                client.remove_image(name)
        except NotFound:
            return
        except TransientError as error:
            if isinstance(error, EngineAway):
                raise
            logger.info("plugin_image_stays", image=name, words=str(error))

    def _ask_facts(self) -> tuple[bool, bool]:
        if self._facts is None:
            with self._asking() as client:
                options = client.info().get("SecurityOptions") or []
                parts = client.version().get("Components") or []
            is_podman = any("podman" in part["Name"].lower() for part in parts)
            self._facts = (any("rootless" in option for option in options), not is_podman)
        return self._facts

    @contextmanager
    def _asking(self, seconds: int = _SECONDS) -> Iterator[APIClient]:
        try:
            yield self._client(seconds)
        except NotFound:
            raise
        except APIError as error:
            raise TransientError(f"The container engine refuses it: {_words(error)}") from error
        except (requests.RequestException, DockerException, OSError) as error:
            # Another engine may be there the next time.
            with self._lock:
                self._clients.clear()
                self._facts = None
            raise EngineAway(
                f"The container engine at {self.url} cannot be reached. Does it run, and may the"
                " plugin agent use its socket?"
            ) from error

    @contextmanager
    def _making(self, what: str) -> Iterator[APIClient]:
        try:
            with self._asking(_MAKING_SECONDS) as client:
                yield client
        except (ImageNotFound, NotFound) as error:
            raise _failure(what, _words(error)) from error
        except _Failed as error:
            raise _failure(what, str(error)) from error
        except EngineAway:
            raise
        except TransientError as error:
            raise _failure(what, str(error)) from error

    def _client(self, seconds: int) -> APIClient:
        with self._lock:
            client = self._clients.get(seconds)
            if client is None:
                client = APIClient(self.url, version="auto", timeout=seconds)
                self._clients[seconds] = client
            return client


class _Failed(Exception):
    """The engine has said in the middle of its answer that it cannot do it."""


def _drain(said: Any) -> None:
    """Read what an engine says while it works, to its end."""
    deadline = time.monotonic() + _MAKING_SECONDS
    for piece in said:
        if "error" in piece:
            raise _Failed(str(piece["error"]))
        if time.monotonic() > deadline:
            raise TransientError(f"It took longer than {_MAKING_SECONDS} s.")


def _failure(what: str, words: str) -> PermanentError | TransientError:
    if any(part in words.lower() for part in _GONE):
        return ImageGone(f"The image for {what} is not to be had: {words[:_MAX_SAID]}")
    return TransientError(f"The image for {what} cannot be made now: {words[:_MAX_SAID]}")


def _words(error: APIError) -> str:
    said = error.explanation or str(error)
    with suppress(ValueError):
        said = json.loads(said)["message"]
    return " ".join(str(said).split())[:_MAX_SAID]
