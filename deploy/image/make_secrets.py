"""Makes the passwords and keys of a platform of containers, and hands each process its own.

`python -m deploy.image.make_secrets` runs before anything else starts, on every start. It makes
what is missing, once, and writes for each kind of process a directory of files that only the
process's OS user can read. With the word `show` it prints what a person needs to log in.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.image.layout import ADMIN_USERNAME, API_CLIENT_ID, OWNERS, VOLUMES, given_to, values_for
from deploy.local.files import write_whole
from deploy.local.secrets_store import load_secrets

# All of them, of which the others are copies; mounted by this program alone.
STORE = Path("/secrets/store")
COPIES = Path("/secrets")
# What an operator brings: a file a variable, which takes the place of a generated value.
GIVEN = Path("/given")
_MAX_GIVEN_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Places:
    """Where secrets are kept, copied to, and brought."""

    store: Path = STORE
    copies: Path = COPIES
    given: Path = GIVEN


def make(
    *,
    places: Places,
    environment: Mapping[str, str],
    give: Callable[[Path, int], None],
) -> list[str]:
    """Make what is missing and copy to each process what it needs.

    Args:
        places: Where.
        environment: Names of servers, where they are not those of compose.yaml.
        give: Hands a path over to an OS user.

    Returns:
        The processes that have got theirs.
    """
    known = load_secrets(places.store / "secrets.json")
    given = read_given(places.given)
    done = []
    for process, user in OWNERS.items():
        directory = places.copies / process
        if not directory.is_dir():
            continue
        values = values_for(process, secrets=known, environment=environment)
        values |= {
            name: value
            for name, value in given.items()
            if name in values or given_to(process, name)
        }
        for path in directory.iterdir():
            if path.name not in values:
                path.unlink()
        for name, value in values.items():
            write_whole(directory / name, value, mode=0o400)
            give(directory / name, user)
        directory.chmod(0o500)
        give(directory, user)
        done.append(process)
    for path, user in VOLUMES.items():
        if path.is_dir():
            give(path, user)
    return done


def read_given(directory: Path) -> dict[str, str]:
    """Return what an operator has brought, by the names of variables."""
    if not directory.is_dir():
        return {}
    found = {}
    for path in sorted(directory.iterdir()):
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".md":
            with path.open("rb") as stream:
                found[path.name] = stream.read(_MAX_GIVEN_BYTES).decode("utf-8").strip()
    return found


def show(places: Places, environment: Mapping[str, str]) -> str:
    """Return what a person needs to log in."""
    known = load_secrets(places.store / "secrets.json")
    port = environment["PLEXICA_PORT"]
    suffix = "" if port == "443" else f":{port}"
    return "".join(
        f"{name}={value}\n"
        for name, value in (
            ("console_url", f"https://{environment['PLEXICA_BASE_DOMAIN']}{suffix}"),
            ("admin_username", ADMIN_USERNAME),
            ("admin_password", known["admin_password"]),
            ("api_client_id", API_CLIENT_ID),
            ("api_client_secret", known["api_client_secret"]),
            ("keycloak_admin_username", "admin"),
            ("keycloak_admin_password", known["keycloak_admin_password"]),
        )
    )


def _give(path: Path, user: int) -> None:
    os.chown(path, user, user)


def main() -> int:
    """Do what the command line says, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("make", "show"), nargs="?", default="make")
    if parser.parse_args().action == "show":
        sys.stdout.write(show(Places(), os.environ))
        return 0
    done = make(places=Places(), environment=os.environ, give=_give)
    sys.stdout.write(f"Secrets are in place for: {', '.join(done)}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
