"""POST to ACTIVE: how long a whole tenant takes, step by step, beside stock django-tenants.

Tenants are made one after the other over HTTP, as a program makes them, on an empty platform with
all its real servers. Stock `create_schema` runs in the same run, on the same PostgreSQL, with the
same migrations.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

import psutil

from bench._platform import Platform, running_platform
from deploy.local.instance import CHECKOUT
from deploy.local.launcher import Launcher

STOCK_SCHEMAS = 5
STOCK_TIMEOUT_SECONDS = 300
EDGE = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--tenants", type=int, default=20, help="How many tenants are made.")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the benchmark.

    Returns:
        The figures: `median_s` and `p95_s` from POST to ACTIVE; `steps`, each step's median;
        `growth`, the median of the last five against the first five; `schema_ratio_to_stock`, how
        many times faster the schema step is; `web_mb`, the web process's memory afterwards.
    """
    with running_platform() as platform:
        runs = [_make_tenant(platform, number) for number in range(options.tenants)]
        web_mb = _web_megabytes(platform)
        stock = _time_stock(platform)
    totals = [total for total, _steps in runs]
    steps = {name: statistics.median(steps[name] for _total, steps in runs) for name in runs[0][1]}
    edge = max(1, min(EDGE, len(totals) // 2))
    growth = statistics.median(totals[-edge:]) / statistics.median(totals[:edge])
    stock_median = statistics.median(stock)
    _print_table(totals, steps, stock_median)
    return {
        "benchmark": "provisioning",
        "tenants": options.tenants,
        "median_s": round(statistics.median(totals), 3),
        "p95_s": round(_percentile(totals, 95), 3),
        "steps": {name: round(value, 3) for name, value in steps.items()},
        "growth": round(growth, 2),
        "stock_schema_s": round(stock_median, 3),
        "schema_ratio_to_stock": round(stock_median / steps["schema"], 1),
        "web_mb": web_mb,
    }


def _make_tenant(platform: Platform, number: int) -> tuple[float, dict[str, float]]:
    slug = f"bench-{number}"
    started = time.monotonic()
    platform.api.call(
        "POST",
        "/api/tenants",
        json={"slug": slug, "name": f"Bench {number}", "owner_email": f"o@{slug}.example"},
        headers={"Prefer": "wait=30"},
    )
    total = time.monotonic() - started
    tenant = platform.api.call("GET", f"/api/tenants/{slug}").json()
    if tenant["state"] != "ACTIVE":
        raise SystemExit(f"{slug} is {tenant['state']} after {total:.1f} s.")
    runs = platform.api.call("GET", f"/api/tenants/{slug}/runs").json()["results"]
    return total, {step["name"]: float(step["seconds"]) for step in runs[0]["steps"]}


def _time_stock(platform: Platform) -> list[float]:
    done = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-m", "bench._stock", str(STOCK_SCHEMAS)],
        env=platform.environment,
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
        text=True,
        timeout=STOCK_TIMEOUT_SECONDS,
    )
    seconds: list[float] = json.loads(done.stdout.strip().splitlines()[-1])
    return seconds


def _web_megabytes(platform: Platform) -> int:
    pid = Launcher(platform.instance).supervisor.states()["web"].pid
    parent = psutil.Process(pid)
    processes = [parent, *parent.children(recursive=True)]
    return round(sum(process.memory_full_info().pss for process in processes) / 2**20)


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _print_table(totals: list[float], steps: dict[str, float], stock: float) -> None:
    whole = statistics.median(totals)
    print(f"{'':14}{'median':>9}  share")
    for name, seconds in steps.items():
        print(f"{name:14}{seconds:8.3f}s  {seconds / whole:5.0%}")
    print(f"{'the rest':14}{whole - sum(steps.values()):8.3f}s")
    print(f"{'POST to ACTIVE':14}{whole:8.3f}s  p95 {_percentile(totals, 95):.3f}s")
    print(f"{'stock schema':14}{stock:8.3f}s  {stock / steps['schema']:.1f} times ours")
