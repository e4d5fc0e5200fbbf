"""Compiles the texts in `locale/` for gettext, which then need not be installed.

It needs neither settings nor servers: an image is built with `python deploy/messages.py`.
"""

import os
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parents[1] / "locale"
# Compiled for whoever installs the SDK, so what is made of these is kept in the repository.
SDK_LOCALE = LOCALE.parent / "sdk" / "src" / "plexica_sdk" / "hosting" / "locale"


def compile_messages(directory: Path = LOCALE) -> list[Path]:
    """Compile each catalogue that has changed since it was compiled.

    Args:
        directory: Where the languages are, a directory each.

    Returns:
        The compiled files that were written.
    """
    written = []
    for source in sorted(directory.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        changed_at = source.stat().st_mtime_ns
        # Equal, not younger: a checkout can bring an older text with an older time.
        if not target.exists() or target.stat().st_mtime_ns != changed_at:
            _compile(source, target, changed_at)
            written.append(target)
    return written


def _compile(source: Path, target: Path, changed_at: int) -> None:
    with source.open("rb") as stream:
        catalogue = read_po(stream, locale=source.parts[-3], abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    # Whole or not at all: a process may be reading the one before.
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(compiled.getvalue())
        Path(name).chmod(0o644)
        os.utime(name, ns=(changed_at, changed_at))
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


if __name__ == "__main__":
    for place in (LOCALE, SDK_LOCALE):
        for path in compile_messages(place):
            sys.stdout.write(f"Compiled {path.relative_to(place)}\n")
