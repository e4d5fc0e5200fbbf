"""The front end's files: npm packages copied into `static/vendor`, once for each lock file."""

import hashlib

from deploy.local.files import locked, write_whole
from deploy.local.instance import CHECKOUT
from deploy.local.node import npm, npm_ci

_STAMP = CHECKOUT / "node_modules" / ".plexica-built"
_SOURCES = ("package.json", "package-lock.json", "deploy/frontend/build.mjs")


def build_static() -> None:
    """Install the locked packages and build, unless that was done for just these sources."""
    digest = hashlib.sha256(b"".join((CHECKOUT / name).read_bytes() for name in _SOURCES))
    wanted = digest.hexdigest() + "\n"
    with locked(CHECKOUT / ".plexica" / ".static.lock"):
        if _is_built(wanted):
            return
        _STAMP.unlink(missing_ok=True)
        npm_ci(CHECKOUT, doing="Installing the front end's packages")
        npm(["run", "build"], directory=CHECKOUT, doing="Building the front end")
        write_whole(_STAMP, wanted, mode=0o644)


def _is_built(wanted: str) -> bool:
    is_current = _STAMP.exists() and _STAMP.read_text("utf-8") == wanted
    return is_current and (CHECKOUT / "static" / "vendor").is_dir()
