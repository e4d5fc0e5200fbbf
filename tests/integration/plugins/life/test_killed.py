"""Workers killed for real in the middle of a plugin's run: all ends whole, or as it was before.

All places take long and are marked `prove`; each run of the tests tries a sample of them.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg
import pytest
from pytest_django import Settings

from plexica.core.actor import SYSTEM
from plugins.exporting import export_installation
from plugins.installing import install_plugin, uninstall_installation, upgrade_installation
from plugins.lifecycle.companion import PluginSchemas
from plugins.lifecycle.database import database_url, drop_database
from plugins.models import Backend, Installation, Release
from plugins.settings_values import settings_of
from plugins.states import InstallationState
from tenants.models import ProvisioningRun, Tenant
from tenants.states import RunKind, RunState
from tests.conftest import Servers
from tests.integration.faults.conftest import become_abandoned, work
from tests.integration.faults.zygote import Ending, Order, Zygote
from tests.integration.plugins.life.conftest import (
    FIRST,
    SECOND,
    Install,
    Publish,
    catalog,
)
from tests.integration.plugins.life.test_removal import holds
from tests.integration.plugins.life.test_upgrade import columns

MOST_PLACES = 200
MOST_SECONDS = 60
SETTINGS = {"colour": "red", "token": "hunter2"}


@dataclass(frozen=True, slots=True)
class Case:
    """A step of a kind of run in one direction; empty: what the engine itself writes."""

    kind: RunKind
    step: str
    verb: str = "do"
    fails: str = ""
    is_kept: bool = False

    def __str__(self) -> str:
        kept = "-kept" if self.is_kept else ""
        return f"{self.kind}-{self.verb}-{self.step or 'engine'}{kept}"


_INSTALL, _UPGRADE = RunKind.PLUGIN_INSTALL, RunKind.PLUGIN_UPGRADE
_UNINSTALL = RunKind.PLUGIN_UNINSTALL
CASES = (
    *(Case(_INSTALL, step) for step in ("backend", "schema", "migrations", "")),
    *(Case(_INSTALL, step, "undo", "migrations") for step in ("backend", "schema", "files")),
    *(Case(_UPGRADE, step) for step in ("backend", "migrations", "")),
    Case(_UPGRADE, "backend", "undo", "backend"),
    *(Case(_UNINSTALL, step) for step in ("access", "schema", "files", "")),
    *(Case(_UNINSTALL, step, is_kept=True) for step in ("access", "")),
)


@pytest.fixture(scope="module")
def zygote(platform: Servers) -> Iterator[Zygote]:
    """Where the workers come from that are killed."""
    made = Zygote()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _patient(settings: Settings) -> None:
    settings.PLEXICA_STEP_ATTEMPTS = 6
    settings.PLEXICA_STEP_BACKOFF_SECONDS = 0.3


@pytest.fixture
def begin(acme: Tenant, publish: Publish, install: Install) -> Callable[[Case], ProvisioningRun]:
    """Begin a run of a kind, with all before it done."""
    publish()
    second = {"0001_notes.sql": FIRST, "0002_colour.sql": SECOND}

    def act(case: Case) -> ProvisioningRun:
        if case.kind == _INSTALL:
            installation = install_plugin(
                tenant=acme, slug="notes", uses=(), settings={}, actor=SYSTEM
            )
        else:
            installation = install(version="1.0.0")
            if case.kind == _UPGRADE:
                if not Release.objects.filter(version="1.1.0").exists():
                    publish("1.1.0", migrations=second)
                installation = upgrade_installation(
                    installation=installation,
                    version="1.1.0",
                    uses=(),
                    settings=SETTINGS,
                    actor=SYSTEM,
                )
            else:
                installation = uninstall_installation(
                    installation=installation, purge=not case.is_kept, actor=SYSTEM
                )
        assert installation.run is not None
        return installation.run

    return act


def kill(zygote: Zygote, run: ProvisioningRun, case: Case, at: int) -> Ending:
    """Have a worker killed at a place, and others go on with the run until it ends."""
    ending = zygote.work(
        Order(run=str(run.pk), step=case.step, verb=case.verb, at=at, fails=case.fails)
    )
    assert ending in ("killed", "ended")
    run.refresh_from_db()
    deadline = time.monotonic() + MOST_SECONDS
    while run.finished_at is None:
        assert time.monotonic() < deadline
        become_abandoned(run)
        work(run)
    return ending


def check_end(
    case: Case, run: ProvisioningRun, acme: Tenant, before: dict[str, list[tuple[Any, ...]]]
) -> None:
    """See that what the run was about is whole, or that nothing is left of it."""
    installation = Installation.objects.select_related("tenant", "plugin", "release").first()
    wanted = dict(Backend.objects.values_list("release__version", "is_wanted"))
    if run.state == RunState.ROLLED_BACK:
        assert case.fails
        assert installation is not None
        if case.kind == _UPGRADE:
            check_whole(installation, acme, is_new=False)
            return
        assert installation.state == InstallationState.FAILED
        assert catalog() == before
        assert not any(wanted.values())
        return
    assert run.state == RunState.SUCCEEDED, run.error_message
    if case.is_kept:
        assert installation is not None
        assert installation.is_kept
        assert holds(acme) == (False, set())
        export_installation(installation=installation, actor=SYSTEM).file.close()
        return
    if case.kind == _UNINSTALL:
        assert installation is None
        assert catalog() == before
        assert not any(wanted.values())
        return
    assert installation is not None
    check_whole(installation, acme, is_new=case.kind == _UPGRADE)


def check_whole(installation: Installation, acme: Tenant, *, is_new: bool) -> None:
    """See that an installation is all of one release, with the settings that go with it."""
    assert installation.state == InstallationState.ENABLED
    assert (installation.target, installation.target_settings) == (None, None)
    assert installation.release.version == ("1.1.0" if is_new else "1.0.0")
    assert settings_of(installation) == {"greeting": "Hello"} | (SETTINGS if is_new else {})
    assert PluginSchemas().inspect(acme) == []
    assert PluginSchemas().find_orphans() == []
    assert holds(acme) == (True, {"admin", "member", "viewer"})
    assert columns(installation) == {"id", "words"} | ({"colour"} if is_new else set())
    wanted = dict(Backend.objects.values_list("release__version", "is_wanted"))
    assert [version for version in sorted(wanted) if wanted[version]] == [
        installation.release.version
    ]
    with psycopg.connect(database_url(installation)) as session:
        session.execute("INSERT INTO notes VALUES (1, 'milk')")


@pytest.mark.parametrize(
    ("case", "at"),
    [
        (Case(_INSTALL, "schema"), 9),
        (Case(_INSTALL, "migrations"), 3),
        (Case(_INSTALL, ""), 12),
        (Case(_INSTALL, "schema", "undo", "migrations"), 8),
        (Case(_UPGRADE, "migrations"), 2),
        (Case(_UPGRADE, "backend", "undo", "backend"), 1),
        (Case(_UNINSTALL, "schema"), 8),
    ],
    ids=str,
)
def test_killed_worker_leaves_a_whole_plugin_or_none(
    acme: Tenant,
    zygote: Zygote,
    begin: Callable[[Case], ProvisioningRun],
    case: Case,
    at: int,
) -> None:
    before = catalog()
    run = begin(case)
    assert kill(zygote, run, case, at) == "killed"
    check_end(case, run, acme, before)


@pytest.mark.prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_worker_killed_at_every_place_of_a_step(
    acme: Tenant,
    zygote: Zygote,
    begin: Callable[[Case], ProvisioningRun],
    case: Case,
    record_property: Callable[[str, object], None],
) -> None:
    before = catalog()
    for at in count():
        assert at < MOST_PLACES
        run = begin(case)
        if kill(zygote, run, case, at) == "ended":
            break
        check_end(case, run, acme, before)
        for installation in Installation.objects.select_related("tenant", "plugin"):
            drop_database(installation)
            installation.delete()
    assert at > 1
    record_property("places", at)
