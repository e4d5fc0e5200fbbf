"""What the agent sees of the runtime that runs backends in containers."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import structlog

from plexica.core.context import start_thread
from plexica.core.errors import PermanentError, TransientError
from plexica_sdk.manifest import Manifest
from plexica_sdk.package import Package
from plugins.runtimes.base import Order, Runtime, Started
from plugins.runtimes.container.engine import Engine, Seen
from plugins.runtimes.container.images import Images
from plugins.runtimes.container.outlets import OutletProcess
from plugins.runtimes.container.places import Places
from plugins.runtimes.container.plan import (
    PLUGIN,
    PORTER,
    USER,
    Contents,
    Target,
    Unit,
    Wiring,
    new_key,
    plugin_config,
    porter_config,
)
from plugins.runtimes.proc import boot_id

_SECRET = "PLEXICA_SECRET"  # noqa: S105 (a variable's name)
_ROLES = (PLUGIN, PORTER)
# How old what is known of all containers may be: the agent asks for each of them.
_KEPT_SECONDS = 0.8
_DOOR_SECONDS = 10.0
_POLL_SECONDS = 0.02
# What ends with a signal has this and its number as its code.
_SIGNALLED = 128

logger = structlog.get_logger(__name__)


class ContainerRuntime(Runtime):
    """Runs each backend in a container with an empty network, beside a porter (ADR 23)."""

    name = "container"

    def __init__(
        self, root: Path, *, engine_url: str, base: str, targets: Sequence[Target]
    ) -> None:
        """Say where; nothing is asked of the engine yet.

        Args:
            root: The directory for all that belongs to backends; the engine sees it by this path.
            engine_url: The engine's socket.
            base: The image that those of plugins begin with.
            targets: What of the host backends may reach.
        """
        self._places = Places(root.resolve())
        self._places.make()
        self._engine = Engine(engine_url, self._places.instance)
        self._images = Images(self._engine, instance=self._places.instance, base=base)
        self._targets = targets
        self._outlet = OutletProcess(self._places.outlets, targets)
        self._lock = threading.Lock()
        self._seen: dict[str, list[Seen]] = {}
        self._seen_at = 0.0
        self._trouble = ""
        # Units that were gone when the engine came back: their end is no crash of theirs.
        self._lost: set[str] = set()

    def tidy(self) -> None:
        """Make the foundation beforehand, and remove what nothing needs any more."""
        start_thread(self.make_ready, name="plugin-images")

    def make_ready(self) -> None:
        """Have the image that all others begin with, and none of its earlier ones."""
        try:
            self._images.tidy()
            self._images.prepare_foundation()
        except (PermanentError, TransientError) as error:
            # Each start tries again, and says so in its backend's row.
            logger.warning("plugin_images_not_ready", words=str(error))

    def close(self) -> None:
        """End the outlet: nothing is left that would need it."""
        self._outlet.close()

    def trouble(self) -> str:
        """Tell whether the engine answers, and see that there is an outlet."""
        self._look()
        if not self._trouble:
            self._outlet.ensure()
        return self._trouble

    def can_run(self, manifest: Manifest) -> bool:
        """Take both kinds: commands and images."""
        return bool(manifest.runtime.command or manifest.runtime.image)

    def refusal(self, manifest: Manifest, *, is_unconfined: bool) -> str:
        """Refuse all where backends could not reach the host."""
        del manifest, is_unconfined
        try:
            for target in self._targets:
                _ = target.inner_address
        except PermanentError as error:
            return str(error)
        return ""

    def prepare(self, package: Package) -> None:
        """Have the release's image."""
        self._images.prepare(package)

    def remove(self, digest: str) -> None:
        """Remove the release's image."""
        self._images.remove(digest)

    def start(self, order: Order) -> Started:
        """Start a porter and, in its network, the backend."""
        unit = Unit(
            key=new_key(),
            instance=self._places.instance,
            backend=str(order.backend_id),
            release=order.digest,
        )
        self._outlet.ensure()
        door = self._places.make_door(unit.key, owner=self._porter_owner())
        secret = self._places.write_secret(unit.key, order.variables[_SECRET])
        wiring = Wiring(
            targets=self._targets,
            door=door,
            outlets=self._places.outlets,
            porter_user=self._porter_user(),
            shares_names=self._engine.shares_names,
        )
        contents = Contents(
            image=self._images.name_of(order.digest),
            wants=order.manifest.runtime,
            variables={key: value for key, value in order.variables.items() if key != _SECRET},
            secret=secret,
        )
        try:
            porter = porter_config(unit, wiring, image=self._images.foundation)
            self._engine.run(unit.name(PORTER), porter)
            self._wait_for_door(unit)
            self._engine.run(unit.name(PLUGIN), plugin_config(unit, wiring, contents))
        except BaseException:
            with contextlib.suppress(TransientError):
                self._remove_unit(unit.key)
            raise
        self._forget_seen()
        return Started(f"{unit.key}-{boot_id()}", str(self._places.door(unit.key)))

    def stop(self, handle: str, seconds: float) -> None:
        """End both containers, keep what was written, and leave nothing else."""
        key = _key_of(handle)
        name = _name(key, PLUGIN)
        self._engine.stop(name, seconds)
        for each in self._look().get(key, ()):
            if each.role == PLUGIN:
                self._places.keep_log(each.backend, self._engine.log_of(name))
        self._remove_unit(key)
        self._forget_seen()

    def is_alive(self, handle: str) -> bool:
        """Tell whether both containers run, as far as the engine can be asked."""
        seen = self._look()
        if self._trouble:
            return True
        running = {each.role for each in seen.get(_key_of(handle), ()) if each.is_running}
        return running >= set(_ROLES)

    def is_of_another_time(self, handle: str) -> bool:
        """Compare the machine's starts, and the engine's as far as they are known."""
        return handle.rpartition("-")[2] != boot_id() or _key_of(handle) in self._lost

    def how_it_ended(self, handle: str) -> str:
        """Tell the exit code, the signal, or that it had not enough memory."""
        key = _key_of(handle)
        end = self._engine.end_of(_name(key, PLUGIN))
        if end is None:
            return "Its network was taken away." if key in self._look() else "It has vanished."
        if end.was_short_of_memory:
            return "It took more memory than it may have, and was ended."
        if end.code == _SIGNALLED + signal.SIGKILL:
            # Not every engine knows on whose account.
            return "It was ended by SIGKILL, as one is that takes more memory than it may have."
        if end.code - _SIGNALLED in set(signal.Signals):
            return f"It was ended by {signal.Signals(end.code - _SIGNALLED).name}."
        return f"It ended by itself with exit code {end.code}."

    def is_listening(self, handle: str, address: str) -> bool:
        """Nobody else is behind its door."""
        return address == str(self._places.door(_key_of(handle)))

    def list_running(self) -> dict[str, str]:
        """Return all that is there of ours, also what is half made or has ended."""
        return {
            f"{key}-{boot_id()}": found[0].release for key, found in self._look().items() if found
        }

    def read_log(self, backend_id: UUID) -> str:
        """Return the end of what it and those before it have written."""
        now = b""
        for found in self._look().values():
            for each in found:
                if each.role == PLUGIN and each.backend == str(backend_id) and not self._trouble:
                    now += self._engine.log_of(each.name)
        return self._places.log(str(backend_id), now)

    def _look(self) -> dict[str, list[Seen]]:
        """Return our containers by unit, as they were less than a moment ago."""
        with self._lock:
            if time.monotonic() - self._seen_at < _KEPT_SECONDS:
                return self._seen
            try:
                found = self._engine.list_ours()
            except TransientError as error:
                self._trouble = str(error)
            else:
                before = {key for key, each in self._seen.items() if _is_whole(each)}
                self._seen = {}
                for each in found:
                    self._seen.setdefault(each.unit, []).append(each)
                if self._trouble:
                    whole = {key for key, each in self._seen.items() if _is_whole(each)}
                    self._lost = before - whole
                self._trouble = ""
            self._seen_at = time.monotonic()
            return self._seen

    def _forget_seen(self) -> None:
        with self._lock:
            self._seen_at = 0.0

    def _wait_for_door(self, unit: Unit) -> None:
        deadline = time.monotonic() + _DOOR_SECONDS
        while not self._places.door(unit.key).exists():
            if time.monotonic() > deadline:
                said = self._engine.log_of(unit.name(PORTER)).decode("utf-8", "replace")
                logger.warning("plugin_porter_not_ready", said=said[-1000:])
                raise TransientError("The plugin's container has not got its network in time.")
            time.sleep(_POLL_SECONDS)

    def _remove_unit(self, key: str) -> None:
        for role in _ROLES:
            self._engine.remove(_name(key, role))
        self._places.remove(key)

    def _porter_owner(self) -> int | None:
        """Return whom the door's directory has to belong to; None: the agent itself."""
        return USER if os.geteuid() == 0 and not self._engine.is_rootless else None

    def _porter_user(self) -> str:
        # Root of a rootless engine's containers is the user whose engine it is.
        if self._engine.is_rootless:
            return "0:0"
        user = self._porter_owner() or os.geteuid()
        return f"{user}:{user if os.geteuid() == 0 else os.getegid()}"


def _is_whole(found: Sequence[Seen]) -> bool:
    return {each.role for each in found if each.is_running} >= set(_ROLES)


def _key_of(handle: str) -> str:
    return handle.partition("-")[0]


def _name(key: str, role: str) -> str:
    return Unit(key=key, instance="", backend="", release="").name(role)
