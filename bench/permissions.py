"""Permission checks: warm, from Redis and cold, beside django-guardian and casbin.

A thousand people, fifty roles, five hundred permissions; everybody has three roles, one of them by
a group. The peers hold the same on the same PostgreSQL, guardian as object permissions of groups
on one object, casbin in memory.
"""

import argparse
import json
import subprocess
import sys
from typing import Any

from bench._platform import running_servers
from deploy.local.instance import CHECKOUT

TIMEOUT_SECONDS = 900
PEERS = ("plexica", "guardian", "casbin")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--people", type=int, default=1000, help="How many people there are.")
    parser.add_argument("--roles", type=int, default=50, help="How many roles there are.")
    parser.add_argument(
        "--permissions", type=int, default=500, help="How many permissions there are."
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the benchmark.

    Returns:
        For each of the three the microseconds that a check takes at p50 and p95: `warm` in a
        process that has checked before, `redis` in one that has not while others have, `cold`
        when nobody has; and how many `queries` a cold check takes.
    """
    size = {"people": options.people, "roles": options.roles, "permissions": options.permissions}
    with running_servers() as environment:
        found = {peer: _measure(peer, size, environment) for peer in PEERS}
    _print_table(found)
    return {"benchmark": "permissions", **size, **found}


def _measure(peer: str, size: dict[str, int], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-m", "bench._permissions", peer, json.dumps(size)],
        env=environment,
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def _print_table(found: dict[str, dict[str, Any]]) -> None:
    print(f"{'microseconds':14}{'warm p50':>10}{'p95':>10}{'redis p95':>12}{'cold p95':>12}")
    for peer, figures in found.items():
        cells = [
            figures["warm"]["p50_us"],
            figures["warm"]["p95_us"],
            figures.get("redis", {}).get("p95_us", "-"),
            figures.get("cold", {}).get("p95_us", "-"),
        ]
        print(f"{peer:14}{cells[0]:>10}{cells[1]:>10}{cells[2]:>12}{cells[3]:>12}")
