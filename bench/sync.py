"""Keeping people in step with their realms: what realms cost where nothing happens.

The realms are whole tenants. The schedule's cycle is run over them as it is, and beside it in the
same run the floor, which is a bare GET of the same two addresses of each realm by as many threads,
and the reading of all people of the same realms, which is what would be done without events.
"""

import argparse
import json
import subprocess
import sys
from typing import Any

from bench._platform import running_servers
from deploy.local.instance import CHECKOUT

TIMEOUT_SECONDS = 3 * 3600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--realms", type=int, default=200, help="How many tenants there are.")
    parser.add_argument("--people", type=int, default=20, help="How many people each realm has.")
    parser.add_argument("--rounds", type=int, default=5, help="How often each is measured.")
    parser.add_argument(
        "--changes", type=int, default=3, help="How many changes are waited for, by the schedule."
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the benchmark.

    Returns:
        For the idle cycle, for the floor and for the reading of everybody: the seconds of all
        realms together (`…_s`), the milliseconds for one (`…_ms`), and the processor's
        milliseconds for one, here (`…_cpu_ms`) and in Keycloak (`…_keycloak_cpu_ms`);
        `requests_per_realm` of the idle cycle; `cycle_share`, which part of the time between two
        cycles one takes; `change_s`, from a change in Keycloak that is
        made right after a cycle to the row, by the schedule; `apply_s`, the same when the cycle
        begins at once.
    """
    numbers = [options.realms, options.people, options.rounds, options.changes]
    with running_servers() as environment:
        done = subprocess.run(  # noqa: S603 (our own module)
            [sys.executable, "-m", "bench._sync", *map(str, numbers)],
            env=environment,
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    _print_table(found, options)
    return {"benchmark": "sync", "realms": options.realms, "people": options.people, **found}


def _print_table(found: dict[str, Any], options: argparse.Namespace) -> None:
    heading = f"{options.realms} realms with {options.people} people"
    print(f"{heading:34}{'all':>9}{'a realm':>11}{'CPU here':>11}{'Keycloak':>11}")
    for name, label in (
        ("idle", "a cycle, nothing happens"),
        ("floor", "bare GET of the same"),
        ("full", "everybody read"),
    ):
        cpu, keycloak = found[f"{name}_cpu_ms"], found[f"{name}_keycloak_cpu_ms"]
        print(
            f"{label:34}{found[f'{name}_s']:>8.2f}s{found[f'{name}_ms']:>9.1f}ms"
            f"{cpu:>9.1f}ms{keycloak:>9.1f}ms"
        )
    print(
        f"{found['requests_per_realm']:.2f} requests a realm; a cycle takes"
        f" {found['cycle_share']:.1%} of the time between two"
    )
    print(f"a change: {found['apply_s']:.2f}s to apply, {found['change_s']:.1f}s by the schedule")
