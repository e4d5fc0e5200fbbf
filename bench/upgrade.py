"""Upgrading many tenants: finding that nothing is to do, and one added column.

Each beside stock django-tenants' `migrate_schemas` with its standard executor, in the same run, on
the same PostgreSQL, with the same tables and migrations. The tenants have rows and schemas; realms
and buckets play no part in it.
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
    parser.add_argument("--tenants", type=int, default=300, help="How many schemas there are.")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the benchmark.

    Returns:
        The seconds of both: `noop_s` to find that nothing is to do, `change_s` to add a column
        everywhere; `noop_ratio` and `change_ratio`, how many times faster ours is; `per_schema_ms`,
        the milliseconds that the change takes for one schema.
    """
    with running_servers() as environment:
        ours = _measure("ours", options.tenants, environment)
        stock = _measure("stock", options.tenants, environment)
    print(f"{options.tenants} schemas{'':6}{'ours':>10}{'stock':>10}{'times':>8}")
    for name, label in (("noop_s", "nothing to do"), ("change_s", "a column more")):
        ratio = stock[name] / ours[name]
        print(f"{label:18}{ours[name]:>9.3f}s{stock[name]:>9.2f}s{ratio:>8.0f}")
    return {
        "benchmark": "upgrade",
        "tenants": options.tenants,
        "noop_s": round(ours["noop_s"], 4),
        "stock_noop_s": round(stock["noop_s"], 2),
        "noop_ratio": round(stock["noop_s"] / ours["noop_s"]),
        "change_s": round(ours["change_s"], 3),
        "stock_change_s": round(stock["change_s"], 2),
        "change_ratio": round(stock["change_s"] / ours["change_s"], 1),
        "per_schema_ms": round(ours["change_s"] / options.tenants * 1000, 2),
    }


def _measure(engine: str, tenants: int, environment: dict[str, str]) -> dict[str, float]:
    done = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-m", "bench._upgrade", engine, str(tenants)],
        env=environment,
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures
