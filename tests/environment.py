"""Points the tests at servers of their own, before Django reads its settings.

Loaded with `-p` (see pyproject.toml). Nothing is started here: addresses are only chosen, and the
servers start when the first test asks for them. With PLEXICA_TEST_KEEP=1 they stay up afterwards
and the next run uses them again, which saves a minute while one works on a test.
"""

import json
import os
from dataclasses import asdict

from deploy.local import control
from deploy.local.environment import setup_environment
from deploy.local.instance import CHECKOUT, Instance
from deploy.local.launcher import Launcher
from deploy.local.ports import Ports

ROOT = CHECKOUT / ".plexica" / "test"
KEEP = os.environ.get("PLEXICA_TEST_KEEP") == "1"
_PORTS_FILE = ROOT / "ports.json"


def _choose_instance() -> Instance:
    if _PORTS_FILE.exists():
        ports = Ports(**json.loads(_PORTS_FILE.read_text(encoding="utf-8")))
        kept = Instance(root=ROOT, ports=ports, is_durable=False)
        if KEEP and Launcher(kept).supervisor.is_running():
            return kept
        control.reset(kept)
    fresh = Instance.for_tests(ROOT)
    ROOT.mkdir(parents=True, exist_ok=True)
    _PORTS_FILE.write_text(json.dumps(asdict(fresh.ports)), encoding="utf-8")
    return fresh


INSTANCE = _choose_instance()
os.environ.update(
    setup_environment(INSTANCE)
    | {
        "PLEXICA_ENVIRONMENT": "test",
        "PLEXICA_LOG_LEVEL": "WARNING",
        # Failures that are meant to be retried should not take a test's time.
        "PLEXICA_STEP_BACKOFF_SECONDS": "0.05",
        "PLEXICA_STEP_ATTEMPTS": "3",
    }
)
