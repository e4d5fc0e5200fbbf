"""Gathering what belongs into a package from a project's directory."""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from plexica_sdk.errors import ManifestInvalid, PackageInvalid, PluginError, Problem
from plexica_sdk.manifest import FILE_NAME, MAX_BYTES, Manifest, parse_manifest
from plexica_sdk.package import (
    MAX_BYTES as MAX_PACKAGE_BYTES,
)
from plexica_sdk.package import (
    MAX_ENTRIES,
    MIGRATIONS,
    PROGRAMS,
    STATIC,
    WHEELS,
    Package,
    make_package,
)

DIST = "dist"


def read_manifest(directory: Path) -> Manifest:
    """Return the manifest of a project.

    Args:
        directory: The project's.

    Raises:
        ManifestInvalid: It is not acceptable.
        PluginError: It is not there.
    """
    return parse_manifest(_manifest_bytes(directory))


def build_package(directory: Path, *, wheels: Sequence[Path] = ()) -> Package:
    """Return the package of a project, unsigned.

    Args:
        directory: The project's.
        wheels: Its wheels; those in `dist` that are named after the release if none are given.
            A project that brings programs needs none.

    Raises:
        ManifestInvalid: The manifest is not acceptable.
        PackageInvalid: Something else is not.
        PluginError: A file is missing.
    """
    content = _manifest_bytes(directory)
    manifest = parse_manifest(content)
    files = {FILE_NAME: content}
    if manifest.runtime.command:
        is_whole = bool(wheels or manifest.runtime.programs)
        for path in wheels if is_whole else _wheels_of(directory, manifest):
            files[WHEELS + path.name] = read_file(path, MAX_PACKAGE_BYTES)
    elif wheels:
        raise PackageInvalid("With an image there are no wheels.")
    for prefix, place in directories_of(manifest):
        files |= tree_of(directory / place, prefix)
    return make_package(files)


def directories_of(manifest: Manifest) -> list[tuple[str, str]]:
    """Return the directories that a manifest names, each after where it is in the package."""
    named = (
        (PROGRAMS, manifest.runtime.programs),
        (MIGRATIONS, manifest.migrations),
        (STATIC, manifest.static),
    )
    return [(prefix, place) for prefix, place in named if place]


def read_file(path: Path, limit: int) -> bytes:
    """Return the contents of an ordinary file.

    Args:
        path: Where it is.
        limit: How many bytes it may have.

    Raises:
        PluginError: It is not there, no file, or too large.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise PluginError(f"{path} is no ordinary file.")
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise PluginError(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > limit:
        raise PluginError(f"{path} has more than {limit} bytes.")
    return content


def _manifest_bytes(directory: Path) -> bytes:
    content = read_file(directory / FILE_NAME, MAX_BYTES)
    if not content:
        raise ManifestInvalid([Problem("", "The file is empty.")])
    return content


def _wheels_of(directory: Path, manifest: Manifest) -> list[Path]:
    # PEP 440 writes some versions in another way than SemVer, so those are named by hand.
    stem = f"{manifest.slug.replace('-', '_')}-{manifest.version}-"
    found = sorted((directory / DIST).glob(f"{stem}*.whl"))
    if not found:
        raise PluginError(
            f"There is no wheel {DIST}/{stem}*.whl. Build it, for instance with `pip wheel"
            f" --no-deps --wheel-dir {DIST} .`, or name it with --wheel."
        )
    return found


def tree_of(root: Path, prefix: str) -> dict[str, bytes]:
    """Return the files below a directory.

    Args:
        root: The directory.
        prefix: What their names begin with in the package.

    Raises:
        PluginError: It is no directory, or something in it is no ordinary file.
        PackageInvalid: There are too many.
    """
    if root.is_symlink() or not root.is_dir():
        raise PluginError(f"{root} is no directory.")
    files: dict[str, bytes] = {}
    left = MAX_PACKAGE_BYTES
    for path in _walk(root):
        files[prefix + path.relative_to(root).as_posix()] = content = read_file(path, left)
        left -= len(content)
        if len(files) > MAX_ENTRIES:
            raise PackageInvalid(f"A package has {MAX_ENTRIES} entries at most.")
    return files


def _walk(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        else:
            # A link is refused where it is read.
            yield path
