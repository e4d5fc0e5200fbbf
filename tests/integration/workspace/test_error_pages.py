"""What goes wrong is said on pages that are the tenant's own, with the request's number."""

import re
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.test import Client

from tenants.models import Tenant
from tenants.states import TenantState
from tests.integration.workspace.conftest import Member

TEAL = "#0f766e"
_SHEET = re.compile(r'href="(/theme/[0-9a-f]{32}\.css)"')
_NUMBER = re.compile(r"<code>[0-9a-f]{8}-[0-9a-f-]{27}</code>")


@pytest.fixture(autouse=True)
def _teal(acme: Tenant) -> Iterator[None]:
    Tenant.objects.filter(pk=acme.pk).update(theme_colour=TEAL)
    yield
    Tenant.objects.filter(pk=acme.pk).update(theme_colour="", state=TenantState.ACTIVE)


def test_pages_of_errors_are_the_tenants_own(bo: Member) -> None:
    for address, status in (
        ("/nowhere/", HTTPStatus.NOT_FOUND),
        ("/settings/", HTTPStatus.FORBIDDEN),
    ):
        answer = bo.client.get(address)
        page = answer.content.decode()
        assert answer.status_code == status
        assert _SHEET.search(page)
        assert _NUMBER.search(page)
        assert bo.tenant.name in page


@pytest.mark.parametrize("state", [TenantState.SUSPENDED, TenantState.DELETING])
def test_a_closed_workspace_says_so_in_its_own_look(bo: Member, state: TenantState) -> None:
    Tenant.objects.filter(pk=bo.tenant.pk).update(state=state)
    # With the cookie of a session that was open, and without.
    for client in (bo.client, Client(headers={"host": "acme.localhost"})):
        answer = client.get("/")
        page = answer.content.decode()
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "This workspace is closed" in page
        assert bo.tenant.name in page
        assert _NUMBER.search(page)
        sheet = _SHEET.search(page)
        assert sheet
        style = client.get(sheet[1])
        assert style.status_code == HTTPStatus.OK
        assert f"--tblr-primary: {TEAL};" in style.content.decode()
        assert client.get("/settings/theme/").status_code == HTTPStatus.FORBIDDEN


def test_programs_learn_that_it_is_closed_as_a_problem(bo: Member) -> None:
    Tenant.objects.filter(pk=bo.tenant.pk).update(state=TenantState.SUSPENDED)
    answer = bo.client.get("/api/me")
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert answer.json()["type"].endswith("tenant-suspended")
