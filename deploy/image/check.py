"""Whether a process of the image does what it is for: `python -m deploy.image.check web`.

It imports nothing of Plexica, so that asking costs little.
"""

import os
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

_TIMEOUT_SECONDS = 4
_PLUGINS_LOOK_SECONDS = 30
_BEAT_SECONDS = 420  # it writes its schedule down every three minutes


def check_web() -> bool:
    """Ask the web server whether it answers."""
    url = "http://127.0.0.1:8000/health"
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:
        return bool(answer.status == 200)  # noqa: PLR2004 (OK)


def check_worker() -> bool:
    """Ask the workers of this container over the broker, by the name that each has here."""
    from celery import Celery  # noqa: PLC0415 (only they need it)

    broker = os.environ.get("CELERY_BROKER_URL") or _read("CELERY_BROKER_URL_FILE")
    node = os.environ["PLEXICA_WORKER"] + "@" + os.uname().nodename
    app = Celery(broker=broker)
    try:
        return bool(app.control.ping(destination=[node], timeout=_TIMEOUT_SECONDS - 1))
    finally:
        app.close()


def check_beat() -> bool:
    """See that the clock has written its schedule lately."""
    # What kind of database it is, and so what its files are called, is Python's choice.
    files = Path("/tmp").glob("beat-schedule*")  # noqa: S108 (the container's own)
    return any(_is_fresh(path, _BEAT_SECONDS) for path in files)


def check_plugins() -> bool:
    """See that the agent has looked at its backends lately."""
    return _is_fresh(Path(os.environ["PLEXICA_PLUGIN_DIR"], "looked"), _PLUGINS_LOOK_SECONDS)


CHECKS: dict[str, Callable[[], bool]] = {
    "web": check_web,
    "worker": check_worker,
    "beat": check_beat,
    "plugins": check_plugins,
}


def _read(variable: str) -> str:
    return Path(os.environ[variable]).read_text("utf-8").strip()


def _is_fresh(path: Path, seconds: float) -> bool:
    return time.time() - path.stat().st_mtime < seconds


def main() -> int:
    """Return the exit status; an error of any kind counts as an illness."""
    return 0 if CHECKS[sys.argv[1]]() else 1


if __name__ == "__main__":
    sys.exit(main())
