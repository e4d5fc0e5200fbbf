"""The package of a project that is being developed: all of it but what its process has anyway."""

import io
import re
import time
import zipfile
from pathlib import Path

from plexica_sdk.building import directories_of, read_file, tree_of
from plexica_sdk.errors import PluginError
from plexica_sdk.manifest import FILE_NAME, MAX_BYTES, Manifest, parse_manifest
from plexica_sdk.package import PLATFORMS, PROGRAMS, WHEELS, make_package, write_package

_VERSION = re.compile(rb"""^(\s*version\s*=\s*)(["'])([^"']+)\2""", re.MULTILINE)
_PLUGIN = re.compile(rb"^\s*\[plugin\]", re.MULTILINE)
_NO_VERSION = f"Write the version into a line of its own below [plugin] in {FILE_NAME}."
# A version's numbers have nine digits at most: seconds since the beginning of 2026.
_SINCE = 1_767_225_600


def package_to_develop(directory: Path) -> bytes:
    """Return the package of a project as it is now, with a version of its own and without its code.

    Raises:
        ManifestInvalid: The manifest is not acceptable.
        PackageInvalid: Something else is not.
        PluginError: A file is missing, or the version is not where it can be found.
    """
    content = _with_version(read_file(directory / FILE_NAME, MAX_BYTES), int(time.time()) - _SINCE)
    manifest = parse_manifest(content)
    if not manifest.runtime.command:
        raise PluginError("What runs in an image of its own cannot be developed in this way.")
    files = {FILE_NAME: content, **_stand_in(manifest)}
    for prefix, place in directories_of(manifest):
        if prefix != PROGRAMS:
            files |= tree_of(directory / place, prefix)
    return write_package(make_package(files))


def _with_version(content: bytes, number: int) -> bytes:
    before = parse_manifest(content)
    start = _PLUGIN.search(content)
    found = _VERSION.search(content, start.end() if start else 0)
    if found is None or found[3].decode("utf-8", "replace") != str(before.version):
        raise PluginError(_NO_VERSION)
    core = str(before.version).partition("-")[0]
    version = f"{core}-dev.{number}".encode()
    changed = content[: found.start(3)] + version + content[found.end(3) :]
    if str(parse_manifest(changed).version) != version.decode():
        raise PluginError(_NO_VERSION)
    return changed


def _stand_in(manifest: Manifest) -> dict[str, bytes]:
    """Return what takes the place of the code, which runs where it is written."""
    if manifest.runtime.programs:
        return {f"{PROGRAMS}{PLATFORMS[0]}/{Path(manifest.runtime.command[0]).name}": b""}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("developed-0.dist-info/WHEEL"), "Wheel-Version: 1.0\n")
    return {f"{WHEELS}developed-0-py3-none-any.whl": out.getvalue()}
