"""The gateway: what it adds to a call of a plugin's backend, beside what a plain proxy adds.

One backend, which does nearly nothing, is asked directly, through Caddy, and through the gateway as
a person who is logged in: in turns, so that all three meet the same machine. Before that, the
example plugin is installed.
"""

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from bench._platform import Platform, running_platform
from deploy.local import control
from deploy.local.environment import setup_environment
from deploy.local.instance import CHECKOUT

TIMEOUT_SECONDS = 900


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rounds", type=int, default=2000, help="How often each is asked.")
    parser.add_argument("--seconds", type=int, default=5, help="How long each is under load.")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the benchmark.

    Returns:
        For each way the milliseconds at p50 and p95, what it adds to the direct one, the web
        server's processor time, and how many requests a second it answers under load; how long an
        installation takes, and what memory a plugin.
    """
    with running_platform() as platform:
        body = {"slug": "acme", "name": "Acme", "owner_email": "ada@acme.example"}
        platform.api.call("POST", "/api/tenants", json=body, headers={"Prefer": "wait=30"})
        installing: dict[str, float] = _run(platform, "bench._gateway_install")
        # It would end what it has not started.
        control.stop_part(platform.instance, "plugins")
        ways: dict[str, dict[str, float]] = _run(
            platform, "bench._gateway", str(options.rounds), str(options.seconds)
        )
    print(
        f"{'milliseconds':20}{'p50':>8}{'p95':>8}{'+p50':>8}{'+p95':>8}{'web cpu':>9}{'per s':>8}"
    )
    for name, found in ways.items():
        print(
            f"{name:20}{found['p50_ms']:>8.2f}{found['p95_ms']:>8.2f}{found['added_p50_ms']:>8.2f}"
            f"{found['added_p95_ms']:>8.2f}{found['web_cpu_ms']:>9.2f}{found['per_second']:>8.0f}"
        )
    for name, number in installing.items():
        print(f"{name.replace('_', ' '):32}{number:>8.1f}")
    gateway, proxy = ways["gateway, fragment"], ways["caddy"]
    return {
        "benchmark": "gateway",
        "rounds": options.rounds,
        "added_p50_ms": gateway["added_p50_ms"],
        "added_p95_ms": gateway["added_p95_ms"],
        "times_caddy_p95": round(gateway["p95_ms"] / proxy["p95_ms"], 2),
        "per_second": gateway["per_second"],
        "load_average": os.getloadavg()[0],
        **installing,
        "ways": ways,
    }


def _run(platform: Platform, module: str, *arguments: str) -> Any:
    """Run a module of ours against the platform, and return what it prints last."""
    done = subprocess.run(  # noqa: S603 (our own module)
        [sys.executable, "-m", module, *arguments],
        env=setup_environment(platform.instance) | {"PLEXICA_LOG_LEVEL": "WARNING"},
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    return json.loads(done.stdout.strip().splitlines()[-1])
