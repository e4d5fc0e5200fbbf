"""A tenant takes the place of the one that has its slug."""

from pathlib import Path

import pytest
from django.db import connection

from plexica.backup.meter import Meter
from plexica.backup.restoring import find_document, restore_tenant
from plexica.core.actor import SYSTEM
from plexica.core.scope import enter_scope, schema_owner
from tenants.models import Domain, Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.states import TenantState
from tests.integration.backup.conftest import Key, Whole, backed_up, opened, removed
from tests.integration.backup.test_round_trip import objects_of
from tests.integration.identity.browser import Browser, host_of, set_password

pytestmark = [pytest.mark.prove, pytest.mark.timeout(900)]


def test_a_tenant_that_is_broken_is_replaced(whole: Whole, key: Key, tmp_path: Path) -> None:
    archive = opened(backed_up(whole.tenant, tmp_path, key.public), key)
    with enter_scope(schema_owner(whole.tenant.schema_name)), connection.cursor() as cursor:
        cursor.execute("DELETE FROM rbac_groupmembership")
        cursor.execute("DELETE FROM rbac_group")
    outcome = restore_tenant(
        archive=archive,
        document=find_document(archive, ""),
        slug=whole.tenant.slug,
        is_replacing=True,
        mails=False,
        actor=SYSTEM,
        meter=Meter(),
    )
    assert outcome.is_done, outcome.error
    back = Tenant.objects.get(slug=whole.tenant.slug)
    old = Tenant.objects.get(pk=whole.tenant.pk)
    try:
        assert back.is_active
        assert back.pk != old.pk
        assert objects_of(back) == objects_of(old)
        assert old.state == TenantState.DELETING
        assert old.purge_after is not None
        domain = Domain.objects.get(tenant=back)
        assert domain.domain.split(".")[0] == whole.tenant.slug
        # People log in at the address that they know.
        set_password(back, "bo@acme.example")
        browser = Browser(host_of(back.workspace_url))
        assert browser.log_in("bo@acme.example").status_code == 302
        assert browser.client.get("/").status_code == 200
        deletion = old.runs.first()
        assert deletion is not None
        run_provisioning(deletion.pk)
        deletion.refresh_from_db()
        assert deletion.state == "SUCCEEDED", deletion.error_message
        assert browser.client.get("/").status_code == 200
    finally:
        removed(back)


def test_replacing_that_fails_leaves_the_tenant_as_it_is(
    whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = opened(backed_up(whole.tenant, tmp_path))
    monkeypatch.setattr("plexica.backup.steps.explain_differences", lambda *_: ["something"])
    before = Tenant.objects.count()
    outcome = restore_tenant(
        archive=archive,
        document=find_document(archive, ""),
        slug=whole.tenant.slug,
        is_replacing=True,
        mails=False,
        actor=SYSTEM,
        meter=Meter(),
    )
    assert not outcome.is_done
    assert Tenant.objects.count() == before
    there = Tenant.objects.get(slug=whole.tenant.slug)
    assert there.pk == whole.tenant.pk
    assert there.is_active
