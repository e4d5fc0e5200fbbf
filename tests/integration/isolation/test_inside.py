"""From a tenant's request, hand-written SQL and a connection that had an error stay inside."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client

from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.workspace import urls, views
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.workspace.conftest import Member, _clean, come

WORD = "only-acme-has-this"
View = Callable[[HttpRequest], HttpResponse]


@pytest.fixture
def cy(globex: Tenant) -> Iterator[Member]:
    yield come(globex, "Cy", "owner")
    _clean(globex)


@pytest.fixture(autouse=True)
def _acmes_row(acme: Tenant) -> Iterator[None]:
    with tenant_scope(acme):
        user = User.objects.create(issuer="http://inside", subject="a", first_name=WORD)
    yield
    with tenant_scope(acme):
        user.delete()


@pytest.fixture
def dashboard(monkeypatch: pytest.MonkeyPatch) -> Callable[[View], None]:
    """Have the dashboard be another view, behind all that stands before it."""
    pattern = next(each for each in urls.urlpatterns if each.name == "dashboard")
    assert pattern.callback is views.dashboard
    return lambda view: monkeypatch.setattr(pattern, "callback", view)


def _answers(statement: str) -> View:
    def view(_request: HttpRequest) -> HttpResponse:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
                found: Any = cursor.fetchall() if cursor.description else []
        except DatabaseError as error:
            found = str(error)
        return HttpResponse(json.dumps(found, default=str))

    return view


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM {acme}.identity_user",
        "SELECT first_name FROM {acme}.identity_user UNION SELECT first_name FROM identity_user",
        "SET search_path = {acme}; SELECT * FROM identity_user",
        "SET LOCAL search_path = {acme}, public; SELECT * FROM identity_user",
        "SELECT query_to_xml('SELECT * FROM {acme}.identity_user', true, false, '')",
        "SELECT set_config('role', '{role}', false)",
        "SELECT set_config('search_path', '{acme}', false)",
        "CREATE VIEW pg_temp.v AS SELECT * FROM {acme}.identity_user",
        "SELECT * FROM public.tenants_tenantsecret t JOIN public.tenants_tenant n"
        " ON n.id = t.tenant_id WHERE n.slug = 'acme'",
    ],
)
def test_sql_that_names_another_schema(
    cy: Member, acme: Tenant, dashboard: Callable[[View], None], statement: str
) -> None:
    filled = statement.format(acme=acme.schema_name, role=acme.database_role)
    dashboard(_answers(filled))
    answer = cy.client.get("/").content.decode()
    assert WORD not in answer
    assert acme.name not in answer
    refusals = ("permission denied", "does not exist")
    assert any(words in answer for words in refusals) or answer == "[]"
    # Whatever it has set is not there for the next one.
    dashboard(_answers("SELECT current_user, current_schema(), count(*) FROM identity_user"))
    user, schema, _count = json.loads(cy.client.get("/").content)[0]
    assert (user, schema) == (cy.tenant.database_role, cy.tenant.schema_name)


def test_own_rows_are_there(cy: Member, dashboard: Callable[[View], None]) -> None:
    dashboard(_answers("SELECT first_name FROM identity_user"))
    assert "Cy" in cy.client.get("/").content.decode()


@pytest.mark.parametrize("ending", ["error", "open transaction", "killed"])
def test_a_connection_after_an_error_knows_nobody(
    cy: Member, acme: Tenant, dashboard: Callable[[View], None], ending: str
) -> None:
    def fails(_request: HttpRequest) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {cy.tenant.database_role}")
            if ending == "open transaction":
                transaction.set_autocommit(autocommit=False)
            if ending == "killed":
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            cursor.execute("SELECT 1 / 0")
        return HttpResponse()

    dashboard(fails)
    client = Client(headers={"host": "globex.localhost"}, raise_request_exception=False)
    client.cookies = cy.client.cookies
    assert client.get("/").status_code == 500
    connection.close()
    # The next request of acme's gets the connection that globex's has left, or a new one.
    with tenant_scope(acme), connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_schema()")
        assert cursor.fetchone() == (acme.database_role, acme.schema_name)
    with platform_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() != (cy.tenant.database_role,)
