"""Bearer tokens: checked as the API does it, warm, in a new process and anew, beside PyJWT.

The tokens are those of a service account in a tenant's own realm on a real Keycloak. PyJWT checks
the same tokens, with the realm's keys at hand and fetching them each time, as it does without any
cache.
"""

import argparse
import json
import subprocess
import sys
from typing import Any

from bench._platform import running_servers
from deploy.local.instance import CHECKOUT

TIMEOUT_SECONDS = 900
WAYS = {
    "warm": "remembered in the process",
    "redis": "remembered in Redis, new to the process",
    "request": "warm, with the row of whom it stands for",
    "checked": "new token, keys at hand",
    "new_process": "new token, keys in Redis",
    "unknown_key": "refused: signed with an unknown key",
    "pyjwt_keys_at_hand": "PyJWT, key at hand",
    "pyjwt_no_cache": "PyJWT, key fetched each time",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--tokens", type=int, default=50, help="How many tokens there are.")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the benchmark.

    Returns:
        For each way the microseconds that a check takes at p50 and p95, and how often Keycloak
        was asked for keys while tokens with an unknown one came.
    """
    with running_servers(commands=("prepare_database", "migrate", "prepare_keycloak")) as servers:
        done = subprocess.run(  # noqa: S603 (our own module)
            [sys.executable, "-m", "bench._tokens", str(options.tokens)],
            env=servers | {"PLEXICA_LOG_LEVEL": "WARNING"},
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{'microseconds':44}{'p50':>10}{'p95':>10}")
    for name, words in WAYS.items():
        print(f"{words:44}{found[name]['p50_us']:>10}{found[name]['p95_us']:>10}")
    return {"benchmark": "tokens", "tokens": options.tokens, **found}
