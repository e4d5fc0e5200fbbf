"""Pages of console and workspace: first byte, queries and weight, beside an answer without a page.

A platform of its own runs with one tenant of some people, and nothing else happens on it. Every
page that has an address is asked for one after the other, by somebody who may do everything.
"""

import argparse
import json
import subprocess
import sys
from typing import Any

from bench._platform import running_platform
from deploy.local.environment import setup_environment
from deploy.local.instance import CHECKOUT

TIMEOUT_SECONDS = 1800
FLOOR = "/health"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rounds", type=int, default=50, help="How often each page is asked for.")
    parser.add_argument("--people", type=int, default=200, help="How many people the tenant has.")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the benchmark.

    Returns:
        For each page the milliseconds to its first byte at p50 and p95, its queries, and its
        bytes as they are sent; the same of the floor, without queries.
    """
    with running_platform() as platform:
        body = {"slug": "acme", "name": "Acme", "owner_email": "ada@acme.example"}
        platform.api.call("POST", "/api/tenants", json=body, headers={"Prefer": "wait=30"})
        done = subprocess.run(  # noqa: S603 (our own module)
            [sys.executable, "-m", "bench._pages", str(options.rounds), str(options.people)],
            env=setup_environment(platform.instance) | {"PLEXICA_LOG_LEVEL": "WARNING"},
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
    pages: dict[str, dict[str, float]] = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{'milliseconds to the first byte':44}{'p50':>8}{'p95':>8}{'queries':>9}{'bytes':>9}")
    for name, found in sorted(pages.items(), key=lambda item: -item[1]["p95_ms"]):
        print(
            f"{name:44}{found['p50_ms']:>8.1f}{found['p95_ms']:>8.1f}"
            f"{found.get('queries', '–'):>9}{found['bytes']:>9}"
        )
    slowest = max(found["p95_ms"] for name, found in pages.items() if name != FLOOR)
    return {
        "benchmark": "pages",
        "rounds": options.rounds,
        "slowest_p95_ms": slowest,
        "pages": pages,
    }
