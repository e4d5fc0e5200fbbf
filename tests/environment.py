"""Points the tests at servers of their own, before Django reads its settings.

Loaded with `-p` (see pyproject.toml). Nothing is started here: addresses are only chosen, and the
servers start when the first test asks for them. They stay up after a run by hand, so that the next
one starts at once; `make test` and continuous integration begin empty and leave nothing running.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple

import hypothesis

from deploy.local import control
from deploy.local.environment import setup_environment
from deploy.local.files import locked
from deploy.local.instance import CHECKOUT, Instance
from deploy.local.launcher import Launcher
from deploy.local.ports import Ports, is_taken
from deploy.messages import compile_messages

ROOT = CHECKOUT / ".plexica" / "test"
KEEP = os.environ.get("PLEXICA_TEST_KEEP", "0" if os.environ.get("CI") else "1") == "1"
_PORTS_FILE = ROOT / "ports.json"


def _choose_instance() -> Instance:
    """Return the instance of the last run, on other ports if somebody else has taken those."""
    if _PORTS_FILE.exists():
        chosen = json.loads(_PORTS_FILE.read_text(encoding="utf-8"))
        # Those that another version of this checkout did not know are chosen now.
        ports = Ports(**(asdict(Ports.free()) | chosen))
        _PORTS_FILE.write_text(json.dumps(asdict(ports)), encoding="utf-8")
        known = Instance(root=ROOT, ports=ports, is_durable=False)
        if Launcher(known).supervisor.is_running() or not any(map(is_taken, astuple(ports))):
            return known
    fresh = Instance.for_tests(ROOT)
    ROOT.mkdir(parents=True, exist_ok=True)
    _PORTS_FILE.write_text(json.dumps(asdict(fresh.ports)), encoding="utf-8")
    return fresh


@contextmanager
def running_servers() -> Iterator[dict[str, str]]:
    """Have the servers, for this run alone; another run that asks meanwhile waits."""
    with locked(ROOT.parent / "test.lock"):
        if not KEEP or not Launcher(INSTANCE).supervisor.is_running():
            _empty()
        yield control.start_servers(INSTANCE)
        if not KEEP:
            _empty()


def _empty() -> None:
    control.stop(INSTANCE)
    if INSTANCE.data.exists():
        shutil.rmtree(INSTANCE.data)


# How long an example takes says something of the machine, not of the code.
hypothesis.settings.register_profile(
    "plexica", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("plexica")

INSTANCE = _choose_instance()
(ROOT / "static").mkdir(exist_ok=True)
compile_messages()
os.environ.update(
    setup_environment(INSTANCE)
    | {
        "PLEXICA_ENVIRONMENT": "test",
        "PLEXICA_LOG_LEVEL": "WARNING",
        # Failures that are meant to be retried should not take a test's time.
        "PLEXICA_STEP_BACKOFF_SECONDS": "0.05",
        "PLEXICA_STEP_ATTEMPTS": "3",
        # Each export starts a JVM; the tests that need one say so.
        "PLEXICA_KEYCLOAK_HOME": "",
        # Many tests log in from one address within a minute.
        "PLEXICA_RATE_LIMIT_FACTOR": "1000",
    }
)
