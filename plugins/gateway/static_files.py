"""The static files of releases: `/x-static/<digest>/…`, the same for everybody and for ever.

They come from the package that was signed, are unpacked once a machine, and never change: another
file is of another release, at another address.
"""

import base64
import hashlib
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from plexica.core.errors import NotFound
from plexica.core.scope import platform_scope
from plexica_sdk.package import STATIC
from plugins.gateway.ui import STATIC_PREFIX
from plugins.models import Release
from plugins.selectors import get_package

_DIGEST = re.compile(r"[0-9a-f]{64}")
_CACHED = "public, max-age=31536000, immutable"
_MAX_RELEASES = 500
# What machines know of types differs; a file of no other type is only downloaded.
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".pdf": "application/pdf",
}
_DOWNLOAD = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of a release.

    Attributes:
        url: Its address.
        path: Where it is on this machine.
        integrity: What a browser compares it with (Subresource Integrity).
    """

    url: str
    path: Path
    integrity: str


def find_file(digest: str, name: str) -> StaticFile:
    """Return a file of a release.

    Args:
        digest: The release's digest.
        name: The file's name below the directory of static files.

    Raises:
        NotFound: There is no such release, or no such file in its package.
        PermanentError: What is stored of the package is not what was registered.
    """
    found = _files_of(digest).get(name) if _DIGEST.fullmatch(digest) else None
    if found is None:
        raise NotFound(_("There is nothing at this address."))
    return found


@require_safe
def static_file(request: HttpRequest, digest: str, name: str) -> FileResponse:
    """Return a file of a release, for ever."""
    del request
    found = find_file(digest, name)
    if not found.path.is_file():
        # Somebody has emptied the directory meanwhile.
        _files_of.cache_clear()
        found = find_file(digest, name)
    content_type = _TYPES.get(PurePosixPath(name).suffix.lower(), _DOWNLOAD)
    response = FileResponse(
        found.path.open("rb"),
        as_attachment=content_type == _DOWNLOAD,
        filename=found.path.name,
        content_type=content_type,
    )
    response.headers["Cache-Control"] = _CACHED
    response.headers["ETag"] = f'"{found.integrity}"'
    return response


@lru_cache(_MAX_RELEASES)
def _files_of(digest: str) -> Mapping[str, StaticFile]:
    """Return the files of a release by their names.

    Raises:
        NotFound: There is no such release. Nothing of that is kept.
    """
    directory = Path(settings.PLEXICA_PLUGIN_STATIC_DIR) / digest
    if not directory.is_dir():
        _unpack(digest, directory)
    files = (path for path in directory.rglob("*") if path.is_file())
    return {
        (name := path.relative_to(directory).as_posix()): _static_file(digest, name, path)
        for path in files
    }


def _static_file(digest: str, name: str, path: Path) -> StaticFile:
    found = base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode("ascii")
    return StaticFile(f"{STATIC_PREFIX}{digest}/{name}", path, f"sha384-{found}")


def _unpack(digest: str, directory: Path) -> None:
    """Write a release's files whole or not at all; who comes second finds them there."""
    with platform_scope():
        release = Release.objects.filter(digest=digest).first()
        if release is None:
            raise NotFound(_("There is nothing at this address."))
        package = get_package(release=release)
    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{digest[:8]}-", dir=directory.parent))
    try:
        for name, content in package.files.items():
            if name.startswith(STATIC):
                # The names of a package have no dots at their parts' beginning, so none leads out.
                path = unfinished / name.removeprefix(STATIC)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(directory)
        except OSError:
            if not directory.is_dir():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
