"""The isolation prover: canaries in one tenant, and everybody else looking for them.

Servers of its own run with two tenants. Rows of every table, files, cache, sessions, audit, plugin
data, queue and outbox of acme hold canaries. Then people of globex with every role, programs, a
plugin that both have, strangers, and whoever has what is over, walk every address, call every
operation with acme's ids, follow links, read cache, run tasks, and connect to the database as each
of its roles. Expected: no canary is seen.
"""

import argparse
import json
import subprocess
import sys
from typing import Any

from bench._platform import running_servers
from deploy.local.instance import CHECKOUT

TIMEOUT_SECONDS = 3600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--short", action="store_true", help="A sample, as in `make test`.")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the prover.

    Returns:
        How many canaries there were, how many attempts by kind, and how many were seen.

    Raises:
        SystemExit: A canary was seen.
    """
    with running_servers(("prepare_database", "migrate", "prepare_keycloak")) as environment:
        done = subprocess.run(  # noqa: S603 (our own module)
            [sys.executable, "-m", "bench._isolation", *(["--short"] if options.short else [])],
            env=environment | {"PLEXICA_LOG_LEVEL": "ERROR", "PLEXICA_RATE_LIMIT_FACTOR": "1000"},
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
    *lines, last = done.stdout.strip().splitlines()
    print("\n".join(lines))
    found: dict[str, Any] = {"benchmark": "isolation", **json.loads(last)}
    for area, attempts in found["attempts_by_area"].items():
        print(f"{area:20}{attempts:>8}")
    if found["seen"]:
        print(json.dumps(found))
        raise SystemExit(1)
    return found
