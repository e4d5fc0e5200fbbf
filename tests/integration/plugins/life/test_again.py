"""What failed is tried again, by the run or by asking once more, or put away."""

import pytest

from plexica.core.actor import SYSTEM
from plexica.core.errors import Conflict, PermanentError
from plugins.installing import dismiss_failed, upgrade_installation
from plugins.lifecycle import steps
from plugins.lifecycle.steps import Database
from plugins.models import Backend, Installation
from plugins.states import BackendState, InstallationState
from tenants.models import Tenant
from tenants.services import retry_rollback, retry_run
from tenants.states import RunState
from tests.integration.plugins.life.conftest import Install, Publish, catalog, worked


def test_a_failed_installation_is_made_by_trying_its_run_again(
    publish: Publish, install: Install
) -> None:
    release = publish(is_ready=False)
    failed = install()
    assert failed.run is not None
    assert (failed.state, failed.run.failed_step) == (InstallationState.FAILED, "backend")
    Backend.objects.filter(release=release).update(state=BackendState.READY)
    retry_run(run=failed.run, actor=SYSTEM)
    failed.refresh_from_db()
    assert worked(failed).state == InstallationState.ENABLED


def test_a_failed_upgrade_is_asked_for_anew(publish: Publish, install: Install) -> None:
    publish()
    installation = install()
    publish("1.1.0", is_ready=False)
    back = worked(
        upgrade_installation(
            installation=installation, version="", uses=(), settings={}, actor=SYSTEM
        )
    )
    assert back.run is not None
    with pytest.raises(Conflict):
        retry_run(run=back.run, actor=SYSTEM)
    back.refresh_from_db()
    assert back.state == InstallationState.ENABLED


def test_what_could_not_be_taken_back_is_not_forgotten(
    acme: Tenant, publish: Publish, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(migrations={"0001_bad.sql": "HELLO"})
    before = catalog()

    def refuse(_self: Database, _tenant: Tenant) -> None:
        raise PermanentError("The server refuses.")

    with monkeypatch.context() as patch:
        patch.setattr(steps.Database, "undo", refuse)
        failed = install()
        assert failed.run is not None
        assert failed.run.state == RunState.ROLLBACK_INCOMPLETE
    assert catalog() != before
    dismiss_failed(installation=failed, actor=SYSTEM)
    left = Installation.objects.select_related("run").get()
    assert left.state == InstallationState.UNINSTALLING
    with pytest.raises(Installation.DoesNotExist):
        worked(left)
    assert catalog() == before


def test_taking_back_is_tried_again(
    publish: Publish, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(migrations={"0001_bad.sql": "HELLO"})
    before = catalog()

    def refuse(_self: Database, _tenant: Tenant) -> None:
        raise PermanentError("The server refuses.")

    with monkeypatch.context() as patch:
        patch.setattr(steps.Database, "undo", refuse)
        failed = install()
    assert failed.run is not None
    retry_rollback(run=failed.run, actor=SYSTEM)
    again = worked(failed)
    assert again.run is not None
    assert (again.state, again.run.state) == (InstallationState.FAILED, RunState.ROLLED_BACK)
    assert catalog() == before
