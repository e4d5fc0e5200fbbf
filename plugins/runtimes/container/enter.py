"""Becomes a backend in its container: reads its secret, and has it as the contract says.

What stands in a container's configuration, everybody can read who may inspect it; so the secret
comes by a file. Variables of the engine's and of the base image stay behind.
"""

import os
import sys

PASSED = {"PATH", "HOME", "TMPDIR", "LANG", "TZ"}
SECRET = "/plexica/secret/secret"  # noqa: S105 (where, not which)


def main() -> None:
    """Read the secret, then become the command that the arguments are."""
    for name in set(os.environ) - PASSED:
        if not name.startswith("PLEXICA_"):
            del os.environ[name]
    with open(SECRET, encoding="ascii") as stream:  # noqa: PTH123 (pathlib costs each start)
        os.environ["PLEXICA_SECRET"] = stream.read()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 (what this is for)


if __name__ == "__main__":
    main()
