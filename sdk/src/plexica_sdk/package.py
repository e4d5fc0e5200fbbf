"""The package of a release: one file, in one form, with a digest of all that is in it.

It is a ZIP file whose entries are stored as they are, in one order, at one time, with one set of
permissions, so that the same contents always give the same bytes. A reader writes what it has read
once more and refuses what differs: there is no second way to write a package, hence no entry that
is there twice, no link, no data between or behind the entries, and nothing that unpacks to more
than it is.
"""

import hashlib
import io
import re
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from plexica_sdk.errors import PackageInvalid
from plexica_sdk.manifest import FILE_NAME, Manifest, parse_manifest
from plexica_sdk.wheels import check_wheel

SUFFIX = ".plexica"
MAX_BYTES = 20 * 1024 * 1024
MAX_ENTRIES = 2000
MAX_NAME_LENGTH = 200

DIGESTS = "DIGESTS"
SIGNATURE = "SIGNATURE"
WHEELS = "wheels/"
PROGRAMS = "programs/"
MIGRATIONS = "migrations/"
STATIC = "static/"
FORMAT = "plexica-package-1"
# What programs may be made for: operating systems and processors as images name them.
PLATFORMS = ("linux-amd64", "linux-arm64")

_FIRST = (DIGESTS, SIGNATURE, FILE_NAME)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*(?:/[A-Za-z0-9_][A-Za-z0-9._+-]*)*", re.ASCII)
_PROGRAM = re.compile(r"programs/([a-z0-9-]+)/([A-Za-z0-9_][A-Za-z0-9._+-]*)", re.ASCII)
_SQL = re.compile(r"migrations/\d{4}_[a-z0-9_]+\.sql", re.ASCII)
_PLACES = (WHEELS, PROGRAMS, MIGRATIONS, STATIC)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ORDINARY_FILE = 0o100644 << 16
_UNIX = 3
_END = struct.Struct("<4s4H2LH")
_END_MARK = b"PK\x05\x06"
_CENTRAL_BYTES = 46
_DAMAGED = (
    zipfile.BadZipFile,
    NotImplementedError,
    ValueError,
    OSError,
    EOFError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class Package:
    """A package that has been read, or is about to be written.

    Attributes:
        manifest: What it says of itself.
        files: The contents, by name: manifest, wheels, programs, migrations and static files.
        signature: The line that `plexica_sdk.signing` makes; empty: it is not signed.
    """

    manifest: Manifest
    files: Mapping[str, bytes] = field(repr=False)
    signature: str = ""

    @property
    def digests(self) -> bytes:
        """The list of all files with their digests: what is signed."""
        lines = [
            f"{hashlib.sha256(content).hexdigest()} {len(content)} {name}\n"
            for name, content in sorted(self.files.items())
        ]
        return f"{FORMAT}\n{''.join(lines)}".encode("ascii")

    @property
    def digest(self) -> str:
        """What the release is known by: SHA-256 of the list, whoever has signed it."""
        return hashlib.sha256(self.digests).hexdigest()

    @property
    def platforms(self) -> tuple[str, ...]:
        """What its programs are made for, if it has any."""
        found = {name.split("/")[1] for name in self.files if name.startswith(PROGRAMS)}
        return tuple(sorted(found))

    @property
    def file_name(self) -> str:
        """What the file is called."""
        return f"{self.manifest.slug}-{self.manifest.version}{SUFFIX}"


def make_package(files: Mapping[str, bytes]) -> Package:
    """Return the package of some files, unsigned.

    Args:
        files: The contents by name; one of them is the manifest.

    Raises:
        ManifestInvalid: The manifest is not acceptable.
        PackageInvalid: Something else is not.
    """
    if FILE_NAME not in files:
        raise PackageInvalid(f"There is no {FILE_NAME} in it.")
    _check_names(files)
    manifest = parse_manifest(files[FILE_NAME])
    _check_contents(manifest, files)
    return Package(manifest, dict(files))


def write_package(package: Package) -> bytes:
    """Return the bytes of a package: always the same ones for the same contents.

    Raises:
        PackageInvalid: They would be too many.
    """
    entries = {DIGESTS: package.digests, **package.files}
    if package.signature:
        entries[SIGNATURE] = package.signature.encode("ascii")
    content = _zip(entries)
    if len(content) > MAX_BYTES:
        raise PackageInvalid(f"A package has {MAX_BYTES} bytes at most; this has {len(content)}.")
    return content


def read_package(content: bytes) -> Package:
    """Return what is in a package, having compared every byte with what it should be.

    Whose signature it bears, and whether it is right, is asked in `plexica_sdk.signing`.

    Raises:
        ManifestInvalid: The manifest in it is not acceptable.
        PackageInvalid: It is no package, or is not in the one form that packages have.
    """
    entries = _unzip(content)
    digests = entries.pop(DIGESTS, None)
    signature = entries.pop(SIGNATURE, b"")
    if digests is None:
        raise PackageInvalid(f"There is no {DIGESTS} in it.")
    if not signature.isascii():
        raise PackageInvalid(f"{SIGNATURE} is not ASCII.")
    unsigned = make_package(entries)
    package = Package(unsigned.manifest, unsigned.files, signature.decode("ascii"))
    if package.digests != digests:
        raise PackageInvalid(_explain_digests(digests, package.digests))
    if write_package(package) != content:
        raise PackageInvalid(
            "This file has the contents of a package and is written in another way. Build it with"
            " plexica-plugin."
        )
    return package


def _zip(entries: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(entries, key=_place):
            info = zipfile.ZipInfo(name, date_time=_EPOCH)
            info.external_attr = _ORDINARY_FILE
            info.create_system = _UNIX
            archive.writestr(info, entries[name])
    return out.getvalue()


def _place(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def _unzip(content: bytes) -> dict[str, bytes]:
    if len(content) > MAX_BYTES:
        raise PackageInvalid(f"A package has {MAX_BYTES} bytes at most; this has {len(content)}.")
    _check_directory(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _entries(archive, len(content))
    except _DAMAGED as error:
        raise PackageInvalid("This file is damaged, or no package.") from error


def _entries(archive: zipfile.ZipFile, length: int) -> dict[str, bytes]:
    entries: dict[str, bytes] = {}
    for info in archive.infolist():
        if info.filename in entries:
            raise PackageInvalid(f"{_shown(info.filename)} is in it twice.")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits:
            raise PackageInvalid(f"{_shown(info.filename)} is packed or encrypted.")
        # What lies side by side is not longer than the file; what overlaps could be.
        length -= info.file_size
        if length < 0:
            raise PackageInvalid("The entries claim to hold more than the file.")
        entries[info.filename] = archive.read(info)
    return entries


def _check_directory(content: bytes) -> None:
    """Refuse a directory that is too long before anything reads it."""
    end = content[-_END.size :]
    if len(end) < _END.size or not end.startswith(_END_MARK):
        raise PackageInvalid("This file is no package, or does not end where one ends.")
    *_before, count, size, _offset, _comment = _END.unpack(end)
    if count > MAX_ENTRIES or size > MAX_ENTRIES * (_CENTRAL_BYTES + MAX_NAME_LENGTH):
        raise PackageInvalid(f"A package has {MAX_ENTRIES} entries at most.")


def _check_names(files: Mapping[str, bytes]) -> None:
    # With DIGESTS and SIGNATURE.
    if len(files) + 2 > MAX_ENTRIES:
        raise PackageInvalid(f"A package has {MAX_ENTRIES} entries at most.")
    seen: set[str] = set()
    for name in files:
        if len(name) > MAX_NAME_LENGTH or not _NAME.fullmatch(name):
            raise PackageInvalid(
                f"{_shown(name)}: names are made of letters, digits and . _ + - in parts with /"
                f" between them, none beginning with a dot, {MAX_NAME_LENGTH} characters in all."
            )
        if name != FILE_NAME and not name.startswith(_PLACES):
            raise PackageInvalid(f"{_shown(name)} has no place in a package.")
        # Somewhere it will be unpacked where case makes no difference.
        if name.lower() in seen:
            raise PackageInvalid(f"{_shown(name)} is in it twice, but for its case.")
        seen.add(name.lower())
    for name in seen:
        parts = name.split("/")
        if any("/".join(parts[:length]) in seen for length in range(1, len(parts))):
            raise PackageInvalid(f"{_shown(name)} is below a file.")


def _check_contents(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    wheels = [name for name in files if name.startswith(WHEELS)]
    migrations = [name for name in files if name.startswith(MIGRATIONS)]
    static = {name.removeprefix(STATIC) for name in files if name.startswith(STATIC)}
    if bool(manifest.runtime.command) != (bool(wheels) or bool(manifest.runtime.programs)):
        raise PackageInvalid(
            "Wheels and programs are what a command is found in: with an image there is none."
        )
    _check_programs(manifest, files)
    for name in wheels:
        check_wheel(name.removeprefix(WHEELS), files[name])
    if bool(manifest.migrations) != bool(migrations):
        raise PackageInvalid("SQL files and migrations.directory belong together.")
    for name in migrations:
        if not _SQL.fullmatch(name):
            raise PackageInvalid(f"{_shown(name)}: call it as 0001_notes.sql.")
    if bool(manifest.static) != bool(static):
        raise PackageInvalid("Static files and ui.static belong together.")
    pages = manifest.document.get("ui", {}).get("pages", [])
    named = [manifest.icon, *(page.get(part, "") for page in pages for part in ("module", "style"))]
    missing = sorted({name for name in named if name} - static)
    if missing:
        raise PackageInvalid(f"The manifest names a static file that is not in it: {missing[0]}.")


def _check_programs(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    programs: dict[str, set[str]] = {}
    for name in files:
        if not name.startswith(PROGRAMS):
            continue
        found = _PROGRAM.fullmatch(name)
        if found is None or found[1] not in PLATFORMS:
            raise PackageInvalid(
                f"{_shown(name)}: programs are below one of {', '.join(PLATFORMS)}, and no deeper."
            )
        programs.setdefault(found[1], set()).add(found[2])
    if bool(manifest.runtime.programs) != bool(programs):
        raise PackageInvalid("Programs and runtime.programs belong together.")
    if any(found != next(iter(programs.values())) for found in programs.values()):
        raise PackageInvalid("A program that is there for one platform is missing for another.")


def _explain_digests(found: bytes, expected: bytes) -> str:
    right = set(expected.splitlines())
    wrong = [line for line in found.splitlines() if line not in right]
    name = wrong[0].decode("ascii", "replace").rpartition(" ")[2] if wrong else ""
    what = f": {_shown(name)}" if name else ""
    return f"The contents are not those that {DIGESTS} lists{what}."


def _shown(name: str) -> str:
    printable = "".join(symbol if symbol.isprintable() else "?" for symbol in name)
    return repr(printable[:80])
