"""Closing, removing and bringing back tenants in the console. The steps only do as told."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from plexica.core.errors import PermanentError
from tenants.inspections import note_inspection
from tenants.models import ProvisioningRun, Tenant
from tenants.parts import Difference, Finding, configured_parts
from tenants.provisioning.engine import run_provisioning
from tenants.reports import PartReport
from tests.integration.conftest import MakeRun
from tests.integration.tenants import steps

ACTIONS = ("tenant_suspend", "tenant_resume", "tenant_restore", "tenant_free", "tenant_delete")


def url(name: str, tenant: Tenant) -> str:
    return reverse(f"console:{name}", "plexica.urls_console", args=[tenant.slug])


def refuse() -> None:
    raise PermanentError("It is refused.")


@pytest.fixture(autouse=True)
def _told_steps(settings: Settings) -> Iterator[None]:
    settings.TENANT_STEPS = steps.configuration()
    steps.reset()
    yield
    steps.reset()


@pytest.fixture
def tenant(make_run: MakeRun) -> Tenant:
    run = make_run()
    run_provisioning(run.id)
    steps.reset()
    return _again(run.tenant)


def _again(tenant: Tenant) -> Tenant:
    found: Tenant = Tenant.objects.get(pk=tenant.pk)
    return found


def _page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == HTTPStatus.OK, answer.content
    return answer.content.decode()


def _do(admin: Client, action: str, tenant: Tenant, **values: object) -> str:
    """Say yes on a page, work on the run that it leads to, and return the run's page."""
    answer = admin.post(url(action, tenant), {"version": _again(tenant).version, **values})
    assert answer.status_code == HTTPStatus.FOUND, answer.content.decode()
    run = ProvisioningRun.objects.filter(tenant=tenant).first()
    assert run is not None
    assert str(run.id) in answer["Location"]
    run_provisioning(run.id)
    return _page(admin, answer["Location"])


def test_a_tenant_is_suspended_and_resumed(admin: Client, tenant: Tenant) -> None:
    detail = _page(admin, url("tenant_detail", tenant))
    assert url("tenant_suspend", tenant) in detail
    assert url("tenant_resume", tenant) not in detail
    assert "everybody is logged out" in _page(admin, url("tenant_suspend", tenant))
    assert _again(tenant).state == "ACTIVE"
    assert "is suspended" in _do(admin, "tenant_suspend", tenant)
    assert "This tenant is suspended" in _page(admin, url("tenant_detail", tenant))
    assert "is active again" in _do(admin, "tenant_resume", tenant)
    assert _again(tenant).state == "ACTIVE"


def test_a_suspension_that_failed_says_what_is_so(admin: Client, tenant: Tenant) -> None:
    steps.on("do two", refuse)
    page = _do(admin, "tenant_suspend", tenant)
    assert "It is refused." in page
    assert "closed all the same" in page
    assert "Create it again" not in page
    run = tenant.runs.first()
    assert run is not None
    answer = admin.post(
        reverse("console:run_retry", "plexica.urls_console", args=[tenant.slug, run.id])
    )
    again = tenant.runs.first()
    assert again is not None
    assert str(again.id) in answer["Location"]
    run_provisioning(again.id)
    assert "is suspended" in _page(admin, answer["Location"])


def test_a_deletion_says_what_is_lost_and_can_be_called_off(admin: Client, tenant: Tenant) -> None:
    page = _page(admin, url("tenant_delete", tenant))
    assert "What will be lost" in page
    assert 'value="30"' in page
    _do(admin, "tenant_delete", tenant, confirm=tenant.slug, grace_days=3)
    detail = _page(admin, url("tenant_detail", tenant))
    assert "can be restored until" in detail
    assert "is back" in _do(admin, "tenant_restore", tenant)
    assert _again(tenant).state == "ACTIVE"


def test_a_tenant_is_removed_at_once_and_its_slug_freed(admin: Client, tenant: Tenant) -> None:
    page = _do(admin, "tenant_delete", tenant, confirm=tenant.slug, grace_days=0)
    assert "is gone" in page
    detail = _page(admin, url("tenant_detail", tenant))
    assert url("tenant_free", tenant) in detail
    assert url("tenant_edit", tenant) not in detail
    answer = admin.post(url("tenant_free", tenant), {"version": _again(tenant).version})
    assert answer["Location"] == reverse("console:tenant_list", "plexica.urls_console")
    assert not Tenant.objects.filter(pk=tenant.pk).exists()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"confirm": "other"}, "Type “"),
        ({"confirm": ""}, "required"),
        ({"grace_days": "-1"}, "greater than or equal to 0"),
        ({"grace_days": "366"}, "less than or equal to 365"),
        ({"force": "1"}, "Unknown field"),
    ],
)
def test_a_deletion_must_be_meant(
    admin: Client, tenant: Tenant, values: dict[str, str], words: str
) -> None:
    given = {"version": tenant.version, "confirm": tenant.slug, "grace_days": 1, **values}
    answer = admin.post(url("tenant_delete", tenant), given)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert words in answer.content.decode()
    assert _again(tenant).state == "ACTIVE"


@pytest.mark.parametrize("action", ["tenant_resume", "tenant_restore", "tenant_free"])
def test_what_the_state_does_not_allow_is_refused_in_words(
    admin: Client, tenant: Tenant, action: str
) -> None:
    answer = admin.post(url(action, tenant), {"version": tenant.version})
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "That did not work" in answer.content.decode()


def test_yes_counts_for_the_tenant_that_was_seen(admin: Client, tenant: Tenant) -> None:
    answer = admin.post(url("tenant_suspend", tenant), {"version": tenant.version - 1})
    assert answer.status_code == HTTPStatus.CONFLICT
    assert _again(tenant).state == "ACTIVE"


@pytest.mark.parametrize("action", ACTIONS)
def test_one_without_a_role_changes_nothing(
    nobody: Client, stranger: Client, tenant: Tenant, action: str
) -> None:
    for method in ("get", "post"):
        assert getattr(nobody, method)(url(action, tenant)).status_code == HTTPStatus.FORBIDDEN
        answer = getattr(stranger, method)(url(action, tenant))
        assert answer["Location"].startswith("/oidc/authenticate/")
    assert _again(tenant).state == "ACTIVE"


def test_a_removal_that_has_begun_offers_no_way_back(admin: Client, tenant: Tenant) -> None:
    steps.on("undo two", refuse)
    page = _do(admin, "tenant_delete", tenant, confirm=tenant.slug, grace_days=0)
    assert "tried again by itself" in page
    detail = _page(admin, url("tenant_detail", tenant))
    assert "cannot be restored any more" in detail
    for action in ("tenant_restore", "tenant_delete"):
        assert url(action, tenant) not in detail


def test_it_shows_who_is_behind_and_what_differs(admin: Client, tenant: Tenant) -> None:
    listed = reverse("console:tenant_list", "plexica.urls_console")
    assert "Behind" in _page(admin, f"{listed}?q={tenant.slug}&version=behind")
    assert _page(admin, url("tenant_detail", tenant)).count("Behind") == len(configured_parts())
    digests = {part.digest_field: part.present_digest() for part in configured_parts().values()}
    Tenant.objects.filter(pk=tenant.pk).update(**digests)
    assert "No tenant matches" in _page(admin, f"{listed}?q={tenant.slug}&version=behind")
    detail = _page(admin, url("tenant_detail", tenant))
    assert "Behind" not in detail
    assert "has not been compared" in detail
    finding = Finding("schema", Difference.MISSING, "index <b>", "It is <i>not</i> there.")
    note_inspection(tenant=tenant, parts=[PartReport(part="schema", left=(finding,))])
    detail = _page(admin, url("tenant_detail", tenant))
    assert "1 thing differs" in detail
    assert "index &lt;b&gt;" in detail
    note_inspection(tenant=tenant, parts=[PartReport(part="schema")])
    assert "Nothing differs" in _page(admin, url("tenant_detail", tenant))


def test_all_kinds_of_runs_have_words(admin: Client, tenant: Tenant) -> None:
    run = tenant.runs.first()
    assert run is not None
    address = reverse("console:run_detail", "plexica.urls_console", args=[tenant.slug, run.id])
    for kind in ("create", "suspend", "resume", "delete", "restore", "purge", "upgrade"):
        for state in ("QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "ROLLING_BACK", "ROLLED_BACK"):
            ProvisioningRun.objects.filter(pk=run.pk).update(
                kind=kind, state=state, finished_at=timezone.now()
            )
            assert tenant.name in _page(admin, address)
