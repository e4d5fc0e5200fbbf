"""What counting costs a request: the middleware, its statements, its permission checks.

No server is needed: what a request does beside that is left out on both sides.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from deploy.local.environment import web_environment
from deploy.local.instance import CHECKOUT, Instance

TIMEOUT_SECONDS = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--requests", type=int, default=20_000, help="How many are measured.")
    parser.add_argument("--statements", type=int, default=12, help="How many each sends.")
    parser.add_argument("--checks", type=int, default=30, help="How many permissions each checks.")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the benchmark.

    Returns:
        The microseconds at p50 and p95 that a request takes with all that counts it, without it,
        and the difference at p50.
    """
    size = {
        "requests": options.requests,
        "statements": options.statements,
        "checks": options.checks,
    }
    with tempfile.TemporaryDirectory() as root:
        instance = Instance.for_tests(Path(root))
        done = subprocess.run(  # noqa: S603 (our own module)
            [sys.executable, "-m", "bench._metrics_plexica", json.dumps(size)],
            env=web_environment(instance),
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{'microseconds':14}{'p50':>8}{'p95':>8}")
    for name in ("counted", "uncounted"):
        print(f"{name:14}{found[name]['p50_us']:>8}{found[name]['p95_us']:>8}")
    print(f"{'added':14}{found['added_p50_us']:>8}")
    return {"benchmark": "metrics", **size, **found}
