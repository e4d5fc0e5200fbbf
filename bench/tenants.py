"""The console's list of tenants with 10,000 of them: first page, search, filters, sorting, CSV.

The tenants are rows only, without schema, realm or bucket: it is the list that is measured. Each
request goes through the whole WSGI application, logged in as a super admin; the floor is a bare
view with the same two queries, without middleware, template or login.
"""

import argparse
import json
import subprocess
import sys
from typing import Any

from bench._platform import running_servers
from deploy.local.instance import CHECKOUT

TIMEOUT_SECONDS = 900


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--tenants", type=int, default=10_000, help="How many tenants there are.")
    parser.add_argument(
        "--requests", type=int, default=60, help="How often each page is asked for."
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the benchmark.

    Returns:
        For each page the milliseconds at p50 and p95 and how many queries it makes; for the file
        the seconds of the whole and of its first bytes.
    """
    with running_servers() as environment:
        done = subprocess.run(  # noqa: S603 (our own module)
            [
                sys.executable,
                "-m",
                "bench._tenants",
                json.dumps({"tenants": options.tenants, "requests": options.requests}),
            ],
            # As in tests, no static files need to have been gathered.
            env=environment | {"PLEXICA_LOG_LEVEL": "WARNING", "PLEXICA_ENVIRONMENT": "test"},
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{options.tenants} tenants (rows only), milliseconds")
    print(f"{'':36}{'p50':>10}{'p95':>10}{'queries':>10}")
    for name, figures in found["pages"].items():
        print(f"{name:36}{figures['p50_ms']:>10}{figures['p95_ms']:>10}{figures['queries']:>10}")
    print(
        f"CSV of all: {found['csv']['seconds']} s, first bytes after {found['csv']['first_ms']} ms"
    )
    return {"benchmark": "tenants", "tenants": options.tenants, **found}
