"""Upgrading: agreed to, whole, or back at the old release."""

from typing import Any

import psycopg
import pytest

from plexica.core.actor import SYSTEM
from plexica.core.errors import InvalidInput
from plexica.rbac.models import Grant
from plugins.admission import ConsentMissing, ReleaseRefused
from plugins.installations import consent_to
from plugins.installing import (
    disable_installation,
    install_plugin,
    upgrade_installation,
)
from plugins.lifecycle.database import database_url
from plugins.models import Backend, Installation, Release
from plugins.services import deprecate_release
from plugins.settings_values import settings_of
from plugins.states import InstallationState, ReleaseState
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.states import RunState
from tests.integration.plugins.life.conftest import FIRST, SECOND, Install, Publish, worked
from tests.integration.plugins.life.test_removal import holds


def upgrade(
    installation: Installation,
    *,
    uses: tuple[str, ...] = (),
    settings: dict[str, Any] | None = None,
) -> Installation:
    """Upgrade to the current release, and wait for the end."""
    return worked(
        upgrade_installation(
            installation=installation,
            version="",
            uses=uses,
            settings=settings or {},
            actor=SYSTEM,
        )
    )


def columns(installation: Installation) -> set[str]:
    """Return the columns of the plugin's table."""
    with psycopg.connect(database_url(installation)) as session:
        found = session.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'notes'"
        )
        return {name for (name,) in found.fetchall()}


@pytest.mark.parametrize("state", [InstallationState.ENABLED, InstallationState.DISABLED])
def test_upgraded_as_it_was(
    state: InstallationState, acme: Tenant, publish: Publish, install: Install
) -> None:
    old = publish()
    installation = install()
    if state == InstallationState.DISABLED:
        disable_installation(installation=installation, actor=SYSTEM)
    new = publish(
        "1.1.0",
        migrations={"0001_notes.sql": FIRST, "0002_colour.sql": SECOND},
        uses=("mail",),
        permissions={"read": ("member",), "write": ("member",)},
    )
    consent = consent_to(release=new, installation=installation)
    assert [asked.is_new for asked in consent.uses] == [True]
    assert [asked.is_new for asked in consent.permissions] == [False, True]
    with pytest.raises(ConsentMissing):
        upgrade(installation)
    upgraded = upgrade(installation, uses=("mail",))
    assert (upgraded.state, upgraded.release, upgraded.target) == (state, new, None)
    assert upgraded.uses == ["mail"]
    assert columns(upgraded) == {"id", "words", "colour"}
    wanted = dict(Backend.objects.values_list("release__version", "is_wanted"))
    assert wanted == {"1.0.0": False, "1.1.0": True}
    with tenant_scope(acme):
        grants = set(
            Grant.objects.filter(permission__startswith="notes:").values_list(
                "role__key", "permission"
            )
        )
    if state == InstallationState.ENABLED:
        # Admins hold what members do, or they could make nobody a member any more.
        assert grants == {
            (role, f"notes:notes:{action}")
            for role in ("admin", "member")
            for action in ("read", "write")
        }
    else:
        assert grants == set()
    with pytest.raises(ReleaseRefused):
        upgrade_installation(
            installation=upgraded, version=old.version, uses=(), settings={}, actor=SYSTEM
        )


@pytest.mark.parametrize(
    "harm",
    [
        {"0001_notes.sql": FIRST, "0002_colour.sql": SECOND, "0003_bad.sql": "SELECT 1 / 0"},
        {"0001_notes.sql": FIRST, "0002_colour.sql": SECOND + "COMMIT; SELECT 1 / 0"},
    ],
    ids=["fails half-way", "ends the transaction"],
)
def test_a_failing_migration_leaves_the_old_release(
    harm: dict[str, str], acme: Tenant, publish: Publish, install: Install
) -> None:
    publish()
    installation = install()
    publish("1.1.0", migrations=harm)
    back = upgrade(installation)
    assert back.run is not None
    assert back.run.state == RunState.ROLLED_BACK
    assert (back.state, back.release.version) == (InstallationState.ENABLED, "1.0.0")
    assert (back.target, back.state_before) == (None, "")
    assert columns(back) == {"id", "words"}
    assert holds(acme) == (True, {"admin", "member", "viewer"})
    wanted = dict(Backend.objects.values_list("release__version", "is_wanted"))
    assert wanted == {"1.0.0": True, "1.1.0": False}


def test_a_backend_that_does_not_answer_leaves_the_old_release(
    publish: Publish, install: Install
) -> None:
    publish()
    installation = install()
    publish("1.1.0", is_ready=False)
    back = upgrade(installation)
    assert back.run is not None
    assert back.run.failed_step == "backend"
    assert "agent" in back.run.error_message
    assert (back.state, back.release.version) == (InstallationState.ENABLED, "1.0.0")


def test_what_is_not_offered_is_not_installed(
    acme: Tenant, publish: Publish, install: Install
) -> None:
    release = publish()
    deprecate_release(release=release, actor=SYSTEM)
    with pytest.raises(ReleaseRefused):
        install()
    Release.objects.filter(pk=release.pk).update(state=ReleaseState.PUBLISHED)
    publish("2.0.0", min_version="99.0.0")
    with pytest.raises(ReleaseRefused, match=r"99\.0\.0"):
        install(version="2.0.0")


def test_a_release_withdrawn_while_it_is_installed_is_taken_back(
    acme: Tenant, publish: Publish
) -> None:
    release = publish()
    installation = install_plugin(tenant=acme, slug="notes", uses=(), settings={}, actor=SYSTEM)
    Release.objects.filter(pk=release.pk).update(state=ReleaseState.WITHDRAWN)
    failed = worked(installation)
    assert failed.run is not None
    assert (failed.state, failed.run.failed_step) == (InstallationState.FAILED, "compatibility")


def test_settings_that_a_release_needs_come_with_the_upgrade_and_only_with_it(
    publish: Publish, install: Install
) -> None:
    publish()
    installation = install(settings={"greeting": "Good morning"})
    needs = {"required": ("colour", "token"), "longest": 5}
    publish("1.1.0", migrations={"0001_notes.sql": FIRST, "0002_bad.sql": "HELLO"}, **needs)
    with pytest.raises(InvalidInput) as refused:
        upgrade(installation, settings={"greeting": "Hey there"})
    assert refused.value.fields.keys() == {"greeting", "colour", "token"}
    given = {"colour": "red", "token": "hunter2"}
    back = upgrade(installation, settings=given)
    assert (back.release.version, back.target_settings) == ("1.0.0", None)
    assert settings_of(back) == {"greeting": "Good morning"}
    assert back.secrets.count() == 1

    publish("1.2.0", **needs)
    upgraded = upgrade(back, settings=given)
    # What the new release would refuse has its default.
    assert settings_of(upgraded) == given | {"greeting": "Hello"}
    assert (upgraded.target_settings, upgraded.secrets.count()) == (None, 2)
