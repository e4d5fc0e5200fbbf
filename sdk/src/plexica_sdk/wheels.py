"""What is asked of a wheel before it is taken into a package; nothing of it is unpacked."""

import io
import re
import struct
import zipfile

from plexica_sdk.errors import PackageInvalid

MAX_ENTRIES = 5000
MAX_UNPACKED_BYTES = 100 * 1024 * 1024

# As the binary distribution format has it: name, version, an optional build tag, three tags.
_FILE_NAME = re.compile(
    r"[A-Za-z0-9_.]+-[A-Za-z0-9_.!+]+(-\d[A-Za-z0-9_.]*)?-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+"
    r"-[A-Za-z0-9_.]+\.whl",
    re.ASCII,
)


def check_wheel(name: str, content: bytes) -> None:
    """Accept a wheel that unpacks into ordinary files, not too many and not too large.

    Args:
        name: Its file name.
        content: Its bytes.

    Raises:
        PackageInvalid: It does not.
    """
    if not _FILE_NAME.fullmatch(name):
        raise PackageInvalid(f"{name!r} is not what a wheel is called.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
        raise PackageInvalid(f"{name} is damaged, or no wheel.") from error
    if len(entries) > MAX_ENTRIES:
        raise PackageInvalid(f"{name} has more than {MAX_ENTRIES} files.")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise PackageInvalid(f"{name} unpacks to more than {MAX_UNPACKED_BYTES} bytes.")
    if len({entry.filename for entry in entries}) != len(entries):
        raise PackageInvalid(f"A file is twice in {name}.")
    if any(_leads_out(entry.filename) for entry in entries):
        raise PackageInvalid(f"{name} has a file that leads out of it.")
    if not any(entry.filename.endswith(".dist-info/WHEEL") for entry in entries):
        raise PackageInvalid(f"{name} says nothing of itself: there is no WHEEL in it.")


def _leads_out(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")
