"""Files that appear whole or not at all, and locks between launchers."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import LocalPlatformError

PRIVATE = 0o600


def write_whole(path: Path, text: str, *, mode: int = PRIVATE) -> None:
    """Write a file so that a reader, or a start cut off here, never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def make_whole(target: Path, build: Callable[[Path], None]) -> bool:
    """Make a directory in one step: built beside its place, then renamed into it.

    Args:
        target: Where the directory shall be; if it is there, it is whole, and nothing happens.
        build: Fills the empty directory that it is given.

    Returns:
        Whether anything had to be built.
    """
    if target.exists():
        return False
    with locked(target.parent / f".{target.name}.lock"):
        if target.exists():
            return False
        for leftover in target.parent.glob(f".{target.name}.partial-*"):
            # Its builder may have outlived a killed launcher and still be writing.
            shutil.rmtree(leftover, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.partial-"))
        partial.chmod(0o755)
        try:
            build(partial)
            partial.rename(target)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return True


@contextmanager
def locked(
    path: Path, *, timeout: float = 1800.0, on_wait: Callable[[], None] | None = None
) -> Iterator[None]:
    """Hold a lock that the kernel lets go when its holder dies.

    Args:
        path: The lock file; it stays behind, empty.
        timeout: Seconds to wait for another holder.
        on_wait: Called once if another holder is there.

    Raises:
        LocalPlatformError: The other holder did not let go in time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout
    with path.open("a") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if on_wait is not None:
                    on_wait()
                    on_wait = None
                if time.monotonic() > deadline:
                    raise LocalPlatformError(
                        f"Another start holds {path} for over {timeout:.0f} s; is it stuck?"
                    ) from error
                time.sleep(0.2)
        yield
