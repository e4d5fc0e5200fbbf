"""A plugin's pages: who gets there, what the backend sees, and what comes back."""

import re
from urllib.parse import urlsplit

import pytest
from django.test import Client

from plexica.rbac.models import Grant, Role
from plugins.models import Installation, Release
from plugins.states import InstallationState
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.plugins.gateway.backend import RunningBackend
from tests.integration.plugins.gateway.conftest import set_state
from tests.integration.workspace.conftest import Member, come

pytestmark = pytest.mark.usefixtures("installation")


def test_a_page_is_set_into_the_workspace(ada: Member, backend: RunningBackend) -> None:
    answer = ada.client.get("/x/hello/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<p id=hello>Hello Ada</p>" in page
    assert "<title>All greetings · Acme</title>" in page
    assert 'id="navbar-menu"' in page
    assert answer["Cache-Control"] == "private, no-cache"
    assert "script-src 'self'" in answer["Content-Security-Policy"].split("; ")
    assert (backend.last.method, backend.last.target) == ("GET", "/")


def test_a_fragment_is_handed_on_as_it_is(ada: Member, backend: RunningBackend) -> None:
    answer = ada.client.get("/x/hello/", headers={"HX-Request": "true"})
    assert answer.content == b"<p id=hello>Hello Ada</p>"
    assert backend.last.claims["via"] == "fragment"
    assert "HX-Request" in answer["Vary"]


def test_the_backend_learns_for_whom_it_is(
    bo: Member, backend: RunningBackend, installation: Installation
) -> None:
    assert bo.client.get("/x/hello/notes?sort=a%20b&x=é").status_code == 200
    claims = backend.last.claims
    assert claims["via"] == "page"
    assert claims["req"]["target"] == backend.last.target == "/notes?sort=a%20b&x=%C3%A9"
    assert claims["tenant"]["slug"] == "acme"
    assert claims["tenant"]["id"] == str(bo.tenant.pk)
    assert claims["installation"] == str(installation.pk)
    assert claims["user"] == {
        "id": str(bo.user.pk),
        "name": "Bo",
        "kind": "person",
        "locale": "",
        "time_zone": "",
    }
    assert claims["permissions"] == ["hello:notes:read"]
    assert claims["exp"] - claims["iat"] == 30
    assert backend.last.headers["Plexica-Prefix"] == "/x/hello"
    assert backend.last.headers["X-Request-ID"] == claims["req"]["id"] != ""


def test_no_credential_of_the_person_reaches_the_backend(
    ada: Member, backend: RunningBackend
) -> None:
    ada.client.get(
        "/x/hello/",
        headers={
            "Authorization": "Bearer secret",
            "X-Forwarded-For": "10.0.0.1",
            "X-Api-Key": "secret",
            "HX-Current-URL": "http://acme.localhost/files/?q=secret#secret",
            "Idempotency-Key": "17",
        },
    )
    session = ada.client.cookies["session"].value
    headers = backend.last.headers
    assert not {"Cookie", "Authorization", "X-Forwarded-For", "X-Api-Key"} & set(headers)
    assert "secret" not in str(headers)
    assert session not in str(headers)
    assert headers["Idempotency-Key"] == "17"
    assert headers["HX-Current-URL"] == "http://acme.localhost/files/"
    assert headers["Host"] == backend.address


def test_a_form_needs_its_token_and_arrives_as_it_was(ada: Member, backend: RunningBackend) -> None:
    refused = ada.client.post("/x/hello/notes", {"text": "Hi"})
    assert refused.status_code == 403
    assert not backend.seen

    ada.client.get("/x/hello/")
    token = backend.last.claims["csrf"]
    sent = ada.client.post("/x/hello/notes", {"text": "Hi", "csrfmiddlewaretoken": token})
    assert sent.status_code == 303
    assert sent["Location"] == "/x/hello/notes?made=1"
    assert b'name="text"' in backend.last.body  # multipart, which Django has read already
    assert backend.last.headers["Content-Type"].startswith("multipart/form-data; boundary=")

    ada.client.post(
        "/x/hello/notes",
        f"text=Hi&csrfmiddlewaretoken={token}",
        content_type="application/x-www-form-urlencoded",
    )
    assert backend.last.body.startswith(b"text=Hi&")

    ada.client.put(
        "/x/hello/notes/7",
        b'{"text": "Hi"}',
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )
    assert (backend.last.method, backend.last.body) == ("PUT", b'{"text": "Hi"}')


def test_what_is_no_html_passes_through(ada: Member, backend: RunningBackend) -> None:
    answer = ada.client.get("/x/hello/data")
    assert b"".join(answer.streaming_content) == b"some,data\n"  # type: ignore[attr-defined]
    assert (answer["Content-Type"], answer["ETag"]) == ("text/csv", '"1"')
    head = ada.client.head("/x/hello/data")
    assert (head.status_code, head.content) == (200, b"")
    assert backend.last.method == "HEAD"


def test_connections_are_kept(ada: Member, backend: RunningBackend) -> None:
    for _ in range(5):
        assert ada.client.get("/x/hello/").status_code == 200
    assert backend.connections == 1


@pytest.mark.parametrize(
    "path",
    ["/x/hello/nowhere", "/x/other/", "/x/hello/notes/", "/x/hello/_plexica/ready", "/x/hello//"],
)
def test_what_is_not_listed_is_not_there(ada: Member, backend: RunningBackend, path: str) -> None:
    assert ada.client.get(path).status_code == 404
    assert not backend.seen


def test_who_may_know_is_told_which_permission_is_missing(
    acme: Tenant, ada: Member, backend: RunningBackend
) -> None:
    with tenant_scope(acme):
        role = Role.objects.create(key="custom-auditors", name="Auditors")
        Grant.objects.create(role=role, permission="core:roles:view")
    member = come(acme, "Al", role.key)
    refused = member.client.get("/x/hello/").content.decode()
    assert "Read notes" in refused
    assert "hello:notes:read" in refused
    assert not backend.seen


def test_who_lacks_the_permission_gets_nowhere(
    bo: Member, ada: Member, backend: RunningBackend
) -> None:
    bo.client.get("/x/hello/")
    token = backend.last.claims["csrf"]
    refused = bo.client.post("/x/hello/notes", headers={"X-CSRFToken": token})
    assert refused.status_code == 403
    assert len(backend.seen) == 1


def test_strangers_log_in_and_cy_finds_nothing(
    cy: Member, acme: object, backend: RunningBackend
) -> None:
    stranger = Client(headers={"host": "acme.localhost"})
    answer = stranger.get("/x/hello/")
    assert answer.status_code == 302
    assert urlsplit(answer["Location"]).path == "/oidc/authenticate/"
    assert cy.client.get("/x/hello/").status_code == 404
    at_acme = cy.client.get("/x/hello/", headers={"host": "acme.localhost"})
    assert at_acme.status_code == 302
    assert not backend.seen


@pytest.mark.parametrize(
    "state", [state for state in InstallationState if state != InstallationState.ENABLED]
)
def test_what_is_not_enabled_is_gone_with_the_next_request(
    ada: Member, backend: RunningBackend, installation: Installation, state: InstallationState
) -> None:
    assert ada.client.get("/x/hello/").status_code == 200
    set_state(installation, state)
    assert ada.client.get("/x/hello/").status_code == 404
    assert "Greetings" not in ada.client.get("/").content.decode()
    set_state(installation, InstallationState.ENABLED)
    assert ada.client.get("/x/hello/").status_code == 200


def test_a_page_loads_its_module_with_its_integrity(
    ada: Member, backend: RunningBackend, release: Release
) -> None:
    page = ada.client.get("/x/hello/").content.decode()
    found = re.search(
        r'type="module" src="(/x-static/[0-9a-f]{64}/hello.js)" integrity="(sha384-[^"]+)">', page
    )
    assert found
    assert release.digest in found[1]
    assert 'type="module"' not in ada.client.get("/x/hello/notes").content.decode()


def test_a_page_loads_its_style_sheet_with_its_integrity(
    ada: Member, backend: RunningBackend, release: Release
) -> None:
    answer = ada.client.get("/x/hello/")
    found = re.search(
        r'rel="stylesheet" href="(/x-static/[0-9a-f]{64}/css/hello.css)" integrity="sha384-[^"]+">',
        answer.content.decode(),
    )
    assert found
    assert release.digest in found[1]
    assert "style-src 'self';" in answer["Content-Security-Policy"]
    assert "x-static" not in ada.client.get("/x/hello/notes").content.decode()
