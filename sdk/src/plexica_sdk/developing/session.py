"""The time in which a plugin is developed: from the first start to the last trace taken away."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plexica_sdk.building import read_manifest
from plexica_sdk.developing.files import Change, kind_of, look_at
from plexica_sdk.developing.package import package_to_develop
from plexica_sdk.developing.platform import (
    Development,
    Platform,
    PlatformAway,
    PlatformRefused,
    Status,
)
from plexica_sdk.developing.process import LOOPBACK, NotReady, Process, free_port
from plexica_sdk.errors import ManifestInvalid, PackageInvalid, PluginError

_LOOK_SECONDS = 0.5
_KEEP_SECONDS = 5.0
_INSTALL_SECONDS = 120.0
_END_SECONDS = 120.0
_CHECK_SECONDS = 60.0

Say = Callable[[str], None]


class Session:
    """Runs a project on a platform of this machine until it is told to stop."""

    def __init__(
        self,
        directory: Path,
        platform: Platform,
        *,
        tenant: str,
        settings: Mapping[str, Any],
        say: Say,
    ) -> None:
        """Say what and where.

        Args:
            directory: The project's.
            platform: The platform.
            tenant: In which tenant it is installed.
            settings: Values by name, for its installation.
            say: Tells the author something.
        """
        self._directory = directory.resolve()
        self._platform = platform
        self._tenant = tenant
        self._settings = settings
        self._say = say
        self._development: Development | None = None
        self._process: Process | None = None
        self._slug = ""
        # The version whose installation has been begun.
        self._asked = ""
        self._kept_at = 0.0
        self._is_away = False

    def run(self, stopping: threading.Event) -> None:
        """Work until told to stop, then leave the platform as it was.

        Args:
            stopping: Set to have it stop.

        Raises:
            PluginError: It cannot be developed there at all.
        """
        seen = look_at(self._directory)
        try:
            try:
                self._release(stopping)
            except (ManifestInvalid, PackageInvalid, NotReady) as error:
                self._say(str(error))
            while not stopping.wait(_LOOK_SECONDS):
                found = look_at(self._directory)
                changed, seen = found.changed_since(seen), found
                self._follow(kind_of(self._directory, changed), changed, stopping)
                self._keep()
        finally:
            self._end()

    def _follow(self, change: Change, changed: set[Path], stopping: threading.Event) -> None:
        if change is Change.NONE:
            self._note_end()
            return
        self._say(f"Changed: {', '.join(sorted(map(str, changed)))}")
        try:
            if change is Change.RELEASE or self._development is None:
                self._release(stopping)
            else:
                self._serve(self._development, stopping)
        except PlatformAway as error:
            self._say(f"{error}\nSave a file again when the platform is back.")
        except PluginError as error:
            # The author mends it, and saves.
            self._say(str(error))

    def _release(self, stopping: threading.Event) -> None:
        """Take the project as it is now to the platform, and have it served there."""
        content, port = package_to_develop(self._directory), free_port()
        development = self._platform.begin(content, port=port)
        self._slug = development.slug
        listen = {"PLEXICA_LISTEN": f"{LOOPBACK}:{port}"}
        self._development = Development(
            development.slug, development.version, {**development.variables, **listen}
        )
        self._serve(self._development, stopping)

    def _serve(self, development: Development, stopping: threading.Event) -> None:
        self._start(development)
        if self._asked == development.version:
            self._say("It runs anew.")
        else:
            self._platform.install(development, self._tenant, self._settings)
            self._asked = development.version
            self._wait_until_served(development, stopping)
        self._check_models()

    def _start(self, development: Development) -> None:
        if self._process is not None:
            self._process.end()
        self._process = None
        manifest = read_manifest(self._directory)
        self._process = Process(self._directory, manifest, development.variables)
        self._process.wait_until_ready()

    def _wait_until_served(self, development: Development, stopping: threading.Event) -> None:
        deadline = time.monotonic() + _INSTALL_SECONDS
        while not stopping.wait(_LOOK_SECONDS):
            found = self._status(development)
            if found is not None and not found.is_under_way:
                if found.version == development.version and found.state == "ENABLED":
                    self._say(f"{found.url}\nCtrl-C ends it, and takes all of it away.")
                else:
                    self._say(f"It could not be installed: {found.error or found.state}")
                return
            if time.monotonic() > deadline:
                self._say(f"It was not installed within {_INSTALL_SECONDS:.0f} s.")
                return

    def _status(self, development: Development) -> Status | None:
        self._kept_at = time.monotonic()
        return self._platform.keep(development, self._tenant)

    def _keep(self) -> None:
        if self._development is None or time.monotonic() < self._kept_at + _KEEP_SECONDS:
            return
        try:
            self._status(self._development)
            if self._is_away:
                self._say("The platform is back.")
            self._is_away = False
        except PlatformAway as error:
            if not self._is_away:
                self._say(str(error))
            self._is_away = True
        except PlatformRefused as error:
            self._say(str(error))
            self._development = None

    def _note_end(self) -> None:
        code = self._process.ended() if self._process else None
        if code is not None:
            self._process = None
            self._say(f"It has ended, with exit code {code}. The next change starts it.")

    def _check_models(self) -> None:
        """Say when models have changed and no migration says how."""
        manifest = read_manifest(self._directory)
        if manifest.document.get("migrations", {}).get("kind") != "django":
            return
        command = [sys.executable, "-m", "plexica_sdk.cli", "makemigrations"]
        done = subprocess.run(  # noqa: S603 # our own words
            [*command, str(self._directory), "--check"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CHECK_SECONDS,
            check=False,
        )
        if done.returncode:
            self._say(
                "The models have changed and the migrations have not. This writes one, by which the"
                f" tables change:\n  plexica-plugin makemigrations {self._directory}"
            )

    def _end(self) -> None:
        """End the process, and leave nothing on the platform."""
        if self._process is not None:
            self._process.end()
        if not self._slug:
            return
        self._say("Taking it away …")
        deadline = time.monotonic() + _END_SECONDS
        while time.monotonic() < deadline:
            try:
                if self._platform.end(self._slug):
                    self._say("The platform is as it was.")
                    return
            except PlatformAway:
                # It may be back in time.
                pass
            time.sleep(_LOOK_SECONDS)
        raise PluginError(
            f"Something of {self._slug} is left. Begin once more, and end it: that takes all away."
        )
