"""The images of backends: one foundation for all, and the wheels of a release upon it.

Nothing of a plugin runs while its image is made: its wheels are unpacked by the agent and copied.
"""

import compileall
import hashlib
import importlib.metadata
import py_compile
import re
import sys
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO

import plexica_sdk
from plexica.core.errors import PermanentError, TransientError
from plexica_sdk.package import Package
from plugins.runtimes.container.engine import Engine, EngineAway
from plugins.runtimes.container.plan import ENVIRONMENT, FOUNDATION, IMAGE, PLACE, RELEASE, ROLE
from plugins.runtimes.container.plan import USER as BACKENDS_USER
from plugins.runtimes.environments import PLATFORM_PATHS, install_wheels, open_to_others
from plugins.runtimes.programs import install_programs

# A change of how images are made gives them new names.
_FORM = "1"
# What `plexica_sdk.hosting` needs, with all that these need.
_NEEDED = ("django", "psycopg", "psycopg-binary", "pyjwt", "requests", "waitress", "jsonschema",
           "cryptography")  # fmt: skip
_HERE = Path(__file__).parent
_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
_SITE = f"lib/{_PYTHON}/site-packages"
_PACKAGES = f"{PLACE}/packages"
_FOUNDATION = """\
FROM {base}
USER 0:0
RUN python3 -I -c "import sys; assert sys.version_info[:2] == {version}, sys.version" \\
 && python3 -I -m venv --without-pip {environment}
COPY . /
USER {user}:{user}
"""
_RELEASE = """\
FROM {foundation}
COPY . /
"""


class Images:
    """Makes images, each once, and takes them back."""

    def __init__(self, engine: Engine, *, instance: str, base: str) -> None:
        """Say of what.

        Args:
            engine: Who builds them.
            instance: The platform that they belong to.
            base: The image that all begin with: it has this machine's version of Python.
        """
        self._engine = engine
        self._base = base
        self._repository = f"localhost/plexica-{instance}"
        self._lock = threading.Lock()

    @cached_property
    def foundation(self) -> str:
        """The name of the image with the platform's own packages, as they are now."""
        digest = hashlib.sha256(repr((_FORM, self._base, sys.version)).encode())
        for path in _own_files():
            digest.update(path.name.encode() + path.read_bytes())
        for found in _packages():
            digest.update(f"{found.metadata['Name']} {found.version}".encode())
        return f"{self._repository}/{FOUNDATION}:{digest.hexdigest()[:16]}"

    def name_of(self, digest: str) -> str:
        """Return the name of a release's image, as it is made now."""
        foundation = self.foundation.rpartition(":")[2]
        return f"{self._repository}/{IMAGE}:{digest[:32]}-{foundation}"

    def prepare(self, package: Package) -> None:
        """Make a release's image, unless it is there.

        Raises:
            PermanentError: It cannot be made of this package, or the base image is not to be had.
            TransientError: It cannot be made now.
        """
        self.prepare_foundation()
        name = self.name_of(package.digest)
        if self._engine.has_image(name):
            return
        reference = package.manifest.runtime.image
        if reference:
            self._have(reference)
            self._engine.tag(reference, name)
            return
        with _context() as context:
            environment = context.directory / ENVIRONMENT.lstrip("/")
            site = environment / _SITE
            schemes = {
                "purelib": str(site),
                "platlib": str(site),
                "scripts": str(environment / "bin"),
                "data": str(environment),
                "headers": str(environment / "include"),
            }
            install_wheels(package, schemes, interpreter=f"{ENVIRONMENT}/bin/python")
            install_programs(package, Path(schemes["scripts"]))
            _compile(site, f"{ENVIRONMENT}/{_SITE}")
            open_to_others(context.directory)
            text = _RELEASE.format(foundation=self.foundation)
            with context.packed(text) as packed:
                labels = {ROLE: IMAGE, RELEASE: package.digest}
                self._engine.build(packed, name, labels)

    def prepare_foundation(self) -> None:
        """Make the image that all others begin with, unless it is there.

        Raises:
            PermanentError: The base image is not to be had, or does not fit.
            TransientError: It cannot be made now.
        """
        with self._lock:
            if self._engine.has_image(self.foundation):
                return
            try:
                self._have(self._base)
                self._build_foundation()
            except EngineAway:
                raise
            except (PermanentError, TransientError) as error:
                raise type(error)(
                    f"The image that plugins begin with, {self._base}, cannot be used. Does it"
                    f" have {_PYTHON}? PLEXICA_PLUGIN_BASE_IMAGE names it. {error}"
                ) from error

    def remove(self, digest: str) -> None:
        """Remove a release's images, of whichever form."""
        repository = f"{self._repository}/{IMAGE}"
        for name in self._engine.images_called(repository):
            if name.rpartition(":")[2].startswith(f"{digest[:32]}-"):
                self._engine.remove_image(name)

    def tidy(self) -> None:
        """Remove foundations of other times that nothing is built on any more."""
        for name in self._engine.images_called(f"{self._repository}/{FOUNDATION}"):
            if name != self.foundation:
                self._engine.remove_image(name)

    def _have(self, reference: str) -> None:
        if not self._engine.has_image(reference):
            self._engine.pull(reference)

    def _build_foundation(self) -> None:
        with _context() as context:
            packages = context.directory / _PACKAGES.lstrip("/")
            for found in _packages():
                _copy_package(found, packages)
            for path in _own_files():
                inside = path.relative_to(_HERE if path.parent == _HERE else _sdk().parent)
                place = packages.parent if path.parent == _HERE else packages
                _copy_file(path, place / inside)
            _compile(packages, _PACKAGES)
            site = context.directory / ENVIRONMENT.lstrip("/") / _SITE
            site.mkdir(parents=True)
            (site / PLATFORM_PATHS).write_text(f"{_PACKAGES}\n", "utf-8")
            open_to_others(context.directory)
            text = _FOUNDATION.format(
                base=self._base,
                version=tuple(sys.version_info[:2]),
                environment=ENVIRONMENT,
                user=BACKENDS_USER,
            )
            with context.packed(text) as packed:
                self._engine.build(packed, self.foundation, {ROLE: FOUNDATION})


class _Context:
    """A directory that becomes the contents of an image."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @contextmanager
    def packed(self, dockerfile: str) -> Iterator[IO[bytes]]:
        """Give it as a tar file, all of it root's."""
        (self.directory / "Dockerfile").write_text(dockerfile, "utf-8")
        (self.directory / ".dockerignore").write_text("Dockerfile\n.dockerignore\n", "utf-8")

        def owned(entry: tarfile.TarInfo) -> tarfile.TarInfo:
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            return entry

        with tempfile.TemporaryFile() as stream:
            with tarfile.open(fileobj=stream, mode="w") as archive:
                archive.add(self.directory, arcname=".", filter=owned)
            stream.seek(0)
            yield stream


@contextmanager
def _context() -> Iterator[_Context]:
    with tempfile.TemporaryDirectory(prefix="plexica-image-") as directory:
        yield _Context(Path(directory))


def _sdk() -> Path:
    return Path(plexica_sdk.__file__).parent


def _own_files() -> list[Path]:
    """Return what comes from Plexica itself: the SDK, and what runs in containers."""
    sdk = (path for path in _sdk().rglob("*") if path.is_file() and path.suffix != ".pyc")
    return [*sorted(sdk), _HERE / "enter.py", _HERE / "porter.py"]


def _packages() -> list[importlib.metadata.Distribution]:
    """Return the distributions that the SDK needs, of the platform's own environment."""
    found: dict[str, importlib.metadata.Distribution] = {}
    left = list(_NEEDED)
    while left:
        name = re.sub(r"[-_.]+", "-", left.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            # For another system or another Python than this one.
            continue
        needs = (line for line in found[name].requires or () if "extra ==" not in line)
        left += [match[0] for line in needs if (match := re.match(r"[A-Za-z0-9._-]+", line))]
    return [found[name] for name in sorted(found)]


def _copy_package(found: importlib.metadata.Distribution, target: Path) -> None:
    for file in found.files or ():
        # Commands lie beside the packages; what is compiled is compiled anew.
        if ".." not in file.parts and file.suffix != ".pyc":
            _copy_file(Path(str(found.locate_file(file))), target / file)


def _copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


def _compile(directory: Path, inside: str) -> None:
    """Compile what is there, since nothing can be written where it runs."""
    if directory.is_dir():
        compileall.compile_dir(
            directory,
            quiet=2,
            ddir=inside,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
