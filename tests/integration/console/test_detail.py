"""The page of one tenant: all there is to know, and what is asked of servers apart."""

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from plexica.core.actor import SYSTEM
from plexica.identity.models import User
from plexica.rbac.services import assign_role
from tenants.models import ProvisioningRun, Tenant
from tenants.scopes import tenant_scope
from tenants.states import RunState
from tests.integration.conftest import MakeRun

HTMX = {"HX-Request": "true"}
FRAGMENTS = ("tenant_realm", "tenant_bucket", "tenant_people", "tenant_runs")
NOBODY_LISTENS = "http://127.0.0.1:9"


def url(name: str, tenant: Tenant) -> str:
    return reverse(f"console:{name}", "plexica.urls_console", args=[tenant.slug])


def page(client: Client, name: str, tenant: Tenant, **query: object) -> str:
    answer = client.get(url(name, tenant), query)
    assert answer.status_code == HTTPStatus.OK, answer.content
    return answer.content.decode()


@pytest.fixture
def zoe(acme: Tenant) -> Iterator[User]:
    """Somebody of acme who logged in just now."""
    with tenant_scope(acme):
        user = User.objects.create(
            issuer="http://zoe", subject="zoe", email="zoe@acme.example", first_name="Zoe",
            last_login=timezone.now(),
        )  # fmt: skip
    yield user
    with tenant_scope(acme):
        User.objects.filter(issuer="http://zoe").delete()


def test_the_page_tells_everything_that_the_database_knows(
    admin: Client, acme: Tenant, zoe: User
) -> None:
    text = page(admin, "tenant_detail", acme)
    for known in (acme.schema_name, acme.realm, acme.bucket, "ada@acme.example", "Zoe"):
        assert known in text
    for action in ("suspend", "delete", "owner", "people"):
        assert url(f"tenant_{action}", acme) in text
    assert "tenant activated" in text, "The history of its state."
    assert "5 steps" in text
    assert "Invited" in text, "Ada has not been here yet."
    for fragment in ("tenant_realm", "tenant_bucket"):
        assert f'hx-get="{url(fragment, acme)}"' in text


def test_the_number_of_queries_does_not_grow(admin: Client, acme: Tenant) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(admin, "tenant_detail", acme)
        # Where the connection was before, a scope has nothing to set.
        return sum(not each["sql"].startswith("SET ") for each in queries.captured_queries)

    count()
    few = count()
    now = timezone.now()
    more = [
        ProvisioningRun(
            tenant=acme, state=RunState.SUCCEEDED, requested_by="x", created_at=now, finished_at=now
        )
        for _number in range(10)
    ]
    ProvisioningRun.objects.bulk_create(more)
    with tenant_scope(acme):
        people = [
            User(issuer="http://many", subject=str(number), last_login=now) for number in range(10)
        ]
        User.objects.bulk_create(people)
        for user in people[:4]:
            assign_role(holder=user, role="owner", actor=SYSTEM)
    try:
        assert count() <= few
        text = page(admin, "tenant_detail", acme)
        assert "All runs" in text
    finally:
        ProvisioningRun.objects.filter(pk__in=[run.pk for run in more]).delete()
        with tenant_scope(acme):
            User.objects.filter(issuer="http://many").delete()
    assert few <= 15


def test_a_realm_and_a_bucket_tell_how_they_are(admin: Client, acme: Tenant) -> None:
    for name, words in (("tenant_realm", "1 user"), ("tenant_bucket", "0 objects")):
        whole = page(admin, name, acme)
        assert "<html" in whole
        assert words in whole
        fragment = admin.get(url(name, acme), headers=HTMX).content.decode()
        assert "<html" not in fragment
        assert words in fragment


def test_a_server_that_is_down_takes_no_page_with_it(
    admin: Client, acme: Tenant, settings: Settings
) -> None:
    settings.KEYCLOAK_SERVERS = {
        "default": replace(settings.KEYCLOAK_SERVERS["default"], internal_url=NOBODY_LISTENS)
    }
    settings.S3_SERVERS = {
        "default": replace(settings.S3_SERVERS["default"], endpoint_url=NOBODY_LISTENS)
    }
    assert "The login service does not answer now." in page(admin, "tenant_realm", acme)
    assert "The storage does not answer now." in page(admin, "tenant_bucket", acme)
    assert acme.bucket in page(admin, "tenant_detail", acme)
    assert "What will be lost" in page(admin, "tenant_delete", acme)


def test_a_realm_that_is_not_there_is_said_to_be_missing(admin: Client, acme: Tenant) -> None:
    Tenant.objects.filter(pk=acme.pk).update(realm="no-such-realm")
    try:
        assert "Not there" in page(admin, "tenant_realm", acme)
    finally:
        Tenant.objects.filter(pk=acme.pk).update(realm=acme.realm)


def test_a_tenant_that_is_not_made_yet_has_a_page(admin: Client, make_run: MakeRun) -> None:
    tenant = make_run().tenant
    text = page(admin, "tenant_detail", tenant)
    assert "hx-get" not in text.partition("What it is made of")[2].partition("</section>")[0]
    assert admin.get(url("tenant_people", tenant)).status_code == HTTPStatus.NOT_FOUND


def test_people_are_listed_and_found_in_pages(admin: Client, acme: Tenant, zoe: User) -> None:
    text = page(admin, "tenant_people", acme)
    assert text.index("Zoe") < text.index("ada@acme.example"), "Who came last is first."
    assert "never" in text
    found = page(admin, "tenant_people", acme, who="zoe acme")
    assert "Zoe" in found
    assert "ada@acme.example" not in found
    table = text.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "Stella" not in table, "The staff are not the tenant's people."
    assert "Nobody has this name" in page(admin, "tenant_people", acme, who="nobody-at-all")
    with tenant_scope(acme):
        people = [User(issuer="http://zoe", subject=str(n), email=f"{n}@x.y") for n in range(30)]
        User.objects.bulk_create(people)
    assert "page=2" in page(admin, "tenant_people", acme)
    assert "@" in page(admin, "tenant_people", acme, page=2)
    answer = admin.get(url("tenant_people", acme), {"page": "x"})
    assert answer.status_code == HTTPStatus.BAD_REQUEST


def test_runs_are_listed_with_their_steps(admin: Client, acme: Tenant) -> None:
    text = page(admin, "tenant_runs", acme)
    assert "Creation" in text
    assert "Login realm: Done" in text


@pytest.mark.parametrize("name", FRAGMENTS)
def test_one_without_a_role_sees_nothing(nobody: Client, acme: Tenant, name: str) -> None:
    answer = nobody.get(url(name, acme))
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert b"acme.example" not in answer.content
