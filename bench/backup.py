"""Backing up and restoring one tenant, beside `pg_dump` with zstd and a plain copy of its files.

Both in the same run, of the same tenant, on the same servers; without Keycloak's export, whose
start-up would be most of it. Each command is a process of its own, with its start and its peak
memory.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench._platform import running_servers
from deploy.local.instance import CHECKOUT

TIMEOUT_SECONDS = 3600
_MEGABYTE = 1_000_000
_COMMANDS = ("prepare_database", "migrate", "prepare_keycloak")


@dataclass(frozen=True, slots=True)
class Measured:
    """One command that was run.

    Attributes:
        seconds: From its start to its end.
        megabytes: Its peak memory.
        output: What it said.
    """

    seconds: float
    megabytes: float
    output: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--megabytes", type=int, default=200, help="Of files, 1 MB each.")
    parser.add_argument("--rows", type=int, default=100_000, help="Rows of the audit.")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the benchmark.

    Returns:
        For each command its MB/s of what the tenant has, and its peak memory; the floor's MB/s, and
        creation against it.
    """
    with running_servers(_COMMANDS) as servers, tempfile.TemporaryDirectory() as directory:
        environment = {**servers, "PLEXICA_KEYCLOAK_HOME": ""}
        made = _python(
            environment, "bench._backup", "fill", str(options.megabytes), str(options.rows)
        )
        size = json.loads(made.output.splitlines()[-1])["bytes"] / _MEGABYTE
        start = _manage(environment, "backup", "list")
        key = Path(directory) / "key"
        public = _manage(environment, "backup", "key", str(key)).output.splitlines()[-1].strip()
        floor = _python(environment, "bench._backup", "floor", directory)
        create = _manage(
            environment, "backup", "create", "bench", "--to", directory, "--recipient", public
        )
        (archive,) = Path(directory).glob("*.plexica")
        opening = [str(archive), "--identity", str(key)]
        verify = _manage(environment, "backup", "verify", *opening)
        restore = _manage(
            environment, "backup", "restore", *opening, "--slug", "bench-2", "--no-mail"
        )
    commands = {"floor": floor, "create": create, "verify": verify, "restore": restore}
    print(f"{size:,.0f} MB{'':12}{'s':>8}{'MB/s':>8}{'peak MB':>10}")
    for name, measured in {"start alone": start, **commands}.items():
        rate = "" if name == "start alone" else f"{size / measured.seconds:.0f}"
        print(f"{name:16}{measured.seconds:>10.1f}{rate:>8}{measured.megabytes:>10.0f}")
    return {
        "benchmark": "backup",
        "megabytes": round(size),
        "rows": options.rows,
        "start_s": round(start.seconds, 1),
        **{
            f"{name}_mb_s": round(size / measured.seconds, 1) for name, measured in commands.items()
        },
        **{f"{name}_peak_mb": round(each.megabytes) for name, each in commands.items()},
        "create_against_floor": round(floor.seconds / create.seconds, 2),
    }


def _manage(environment: dict[str, str], *arguments: str) -> Measured:
    return _measured([sys.executable, "manage.py", *arguments], environment)


def _python(environment: dict[str, str], module: str, *arguments: str) -> Measured:
    return _measured([sys.executable, "-m", module, *arguments], environment)


def _measured(command: list[str], environment: dict[str, str]) -> Measured:
    began = time.monotonic()
    with subprocess.Popen(  # noqa: S603 (our own programs)
        command, env=environment, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as process:
        output = process.stdout.read() if process.stdout else ""
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {output}")
    # Linux counts it in kilobytes.
    return Measured(time.monotonic() - began, usage.ru_maxrss * 1024 / _MEGABYTE, output)
