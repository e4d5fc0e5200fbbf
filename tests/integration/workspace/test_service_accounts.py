"""The pages of service accounts, with real clients in acme's realm."""

import html
import re
import subprocess
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from plexica.core.actor import SYSTEM
from plexica.core.errors import TransientError
from plexica.core.rate_limits import forget_tries
from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.models import ServiceAccount, ServiceAccountState
from plexica.rbac.custom_roles import create_role
from plexica.rbac.service_accounts import revoke_service_account
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.realms import ask_token
from tests.integration.workspace.conftest import Member, come

LIST = "/service-accounts/"
NEW = f"{LIST}new/"
SHELL_SECONDS = 30


def text_of(page: str, element_id: str) -> str:
    """Return what an element that can be copied says."""
    found = re.search(rf'<code id="{element_id}">(.*?)</code>', page, re.DOTALL)
    assert found, page
    return html.unescape(found[1])


def send(member: Member, address: str, **values: Any) -> HttpResponse:
    return member.client.post(address, values)


def page_of(member: Member, address: str) -> str:
    answer = member.client.get(address)
    assert answer.status_code == HTTPStatus.OK, answer.content.decode()
    return answer.content.decode()


def call(tenant: Tenant, token: str) -> HttpResponse:
    client = Client(SERVER_NAME=f"{tenant.slug}.localhost")
    return client.get("/api/me", headers={"Authorization": f"Bearer {token}"})


def token_by(page: str) -> str:
    """Run the first example of a page in a shell, as somebody would who copies it."""
    example = f'{text_of(page, "get-token")}; printf %s "$TOKEN"'
    ran = subprocess.run(  # noqa: S603 (the example is ours)
        ["/bin/sh", "-c", example],
        check=True,
        capture_output=True,
        text=True,
        timeout=SHELL_SECONDS,
    )
    return ran.stdout


@pytest.fixture
def make(acme: Tenant, ada: Member) -> Iterator[Callable[..., tuple[str, str]]]:
    """Have Ada make a service account; its page's address, and the page with the secret."""
    names = []

    def act(*roles: str, name: str = "") -> tuple[str, str]:
        names.append(name or f"Robot {uuid4().hex[:8]}")
        answer = send(ada, NEW, name=names[-1], description="Brings orders in", roles=roles)
        assert answer.status_code == HTTPStatus.OK, answer.content.decode()
        with tenant_scope(acme):
            account = ServiceAccount.objects.get(name=names[-1], revoked_at=None)
        return f"{LIST}{account.pk}/", answer.content.decode()

    yield act
    with tenant_scope(acme):
        for account in ServiceAccount.objects.filter(state=ServiceAccountState.ACTIVE):
            revoke_service_account(tenant=acme, account=account, actor=SYSTEM)


Make = Callable[..., tuple[str, str]]


def test_a_program_comes_in_with_what_the_page_shows_once(
    acme: Tenant, ada: Member, make: Make
) -> None:
    address, page = make("viewer", name="Importer")
    token = token_by(page)
    found = call(acme, token).json()
    assert (found["name"], found["roles"]) == ("Importer", ["viewer"])
    secret = text_of(page, "secret")
    assert len(secret) >= 40
    shown = page_of(ada, address)
    assert secret not in shown
    assert secret not in page_of(ada, LIST)
    assert text_of(shown, "get-token").replace('"$SECRET"', f"'{secret}'") == text_of(
        page, "get-token"
    )
    assert text_of(shown, "call-api").endswith(f"'{acme.workspace_url}/api/me'")


def test_no_cache_keeps_a_secret(ada: Member, make: Make) -> None:
    address, _page = make()
    answer = send(ada, f"{address}rotate/")
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "same-origin"


def test_a_new_secret_takes_the_place_of_the_old_one(acme: Tenant, ada: Member, make: Make) -> None:
    address, page = make("viewer")
    assert "stops working" in page_of(ada, f"{address}rotate/")
    answer = send(ada, f"{address}rotate/")
    renewed = answer.content.decode()
    old = ask_token(acme, text_of(page, "client-id"), text_of(page, "secret"))
    assert old.status_code in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}
    assert call(acme, token_by(renewed)).status_code == HTTPStatus.OK


def test_a_revoked_one_is_refused_and_stays_in_the_list(
    acme: Tenant, ada: Member, make: Make
) -> None:
    address, page = make("viewer", name="Gone soon")
    token = token_by(page)
    assert call(acme, token).status_code == HTTPStatus.OK
    assert "for good" in page_of(ada, f"{address}revoke/")
    assert send(ada, f"{address}revoke/")["Location"] == address
    assert call(acme, token).status_code == HTTPStatus.UNAUTHORIZED
    make(name="Still there")
    shown = page_of(ada, LIST)
    assert shown.index("Still there") < shown.index("Gone soon"), "Active ones come first."
    shown = page_of(ada, address)
    assert "Revoked" in shown
    for action in ("edit", "rotate", "revoke"):
        assert f"{address}{action}/" not in shown
    for action in ("edit", "rotate"):
        answer = send(ada, f"{address}{action}/", **({"name": "A"} if action == "edit" else {}))
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "stays revoked" in answer.content.decode()


def test_roles_and_words_are_changed(acme: Tenant, ada: Member, make: Make) -> None:
    address, page = make("viewer")
    token = token_by(page)
    form = page_of(ada, f"{address}edit/")
    assert re.search(r'value="viewer" checked', form)
    assert re.search(r'value="admin">', form)
    answer = send(ada, f"{address}edit/", name="Stronger now", description="", roles=["admin"])
    assert answer["Location"] == address
    found = call(acme, token).json()
    assert (found["name"], found["roles"]) == ("Stronger now", ["admin"])
    assert "Stronger now" in page_of(ada, address)


def test_nobody_gives_a_program_what_they_do_not_hold(
    acme: Tenant, ada: Member, dee: Member, make: Make
) -> None:
    """Dee is an admin: she neither makes an owner of a program, nor touches one that is."""
    form = page_of(dee, NEW)
    assert 'value="admin"' in form
    assert 'value="owner"' not in form
    answer = send(dee, NEW, name="Stronger than I", roles=["owner"])
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "which you do not hold" in answer.content.decode()
    address, _page = make("owner")
    shown = page_of(dee, address)
    for action in ("edit", "rotate", "revoke"):
        assert f"{address}{action}/" not in shown
    for action in ("rotate", "revoke"):
        answer = send(dee, f"{address}{action}/")
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert 'id="secret"' not in answer.content.decode()
    # What she cannot take stays as it is, and the rest of the form counts.
    form = page_of(dee, f"{address}edit/")
    assert '<input type="hidden" name="roles" value="owner">' in form
    saved = send(dee, f"{address}edit/", name="Renamed by Dee", roles=["owner"])
    assert saved["Location"] == address
    refused = send(dee, f"{address}edit/", name="Renamed by Dee", roles=[])
    assert refused.status_code == HTTPStatus.FORBIDDEN


def test_who_may_only_look_sees_no_button(acme: Tenant, ada: Member, make: Make) -> None:
    with tenant_scope(acme):
        role = create_role(
            name="Auditor of robots", grants=["core:service-accounts:read"], actor=SYSTEM
        )
    eve = come(acme, "Eve", role.key)
    address, _page = make()
    assert 'href="/service-accounts/"' in page_of(eve, LIST)
    for shown in (page_of(eve, LIST), page_of(eve, address)):
        for action in ("new", "edit", "rotate", "revoke"):
            assert f"{action}/" not in shown
        assert "/roles/" not in shown
    for action in (NEW, f"{address}edit/", f"{address}rotate/", f"{address}revoke/"):
        for answer in (eve.client.get(action), eve.client.post(action)):
            assert answer.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 101}, "at most 100"),
        ({"name": "A", "roles": ["no-such-role"]}, "There is no role"),
        ({"name": "A", "secret": "mine"}, "Unknown field"),
    ],
)
def test_what_is_not_acceptable_is_said_at_its_field(
    ada: Member, values: dict[str, Any], words: str
) -> None:
    answer = send(ada, NEW, **values)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert words in answer.content.decode()


def test_a_name_is_there_once(ada: Member, make: Make) -> None:
    make(name="Twice")
    answer = send(ada, NEW, name="tWICE", roles=["viewer"])
    assert answer.status_code == HTTPStatus.CONFLICT
    shown = answer.content.decode()
    assert "This name is taken." in shown
    assert re.search(r'value="viewer" checked', shown), "What was chosen is still there."


def test_a_keycloak_that_does_not_answer_is_said_and_nothing_is_made(
    ada: Member, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands in for Keycloak being away, which `test_service_accounts` of the API tries."""
    address, _page = make()

    def fail(*_args: object, **_values: object) -> None:
        raise TransientError("Keycloak does not answer.")

    with monkeypatch.context() as patch:
        for method in ("create_client", "update_client"):
            patch.setattr(RealmClient, method, fail)
        for answer in (send(ada, NEW, name="Not made"), send(ada, f"{address}rotate/")):
            assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
            assert "Keycloak does not answer." in answer.content.decode()
    assert "Not made" not in page_of(ada, LIST)


def test_secrets_are_not_asked_for_too_often(
    ada: Member, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, _page = make()
    monkeypatch.setattr(settings, "PLEXICA_RATE_LIMIT_FACTOR", 1)
    limits = {**settings.PLEXICA_RATE_LIMITS, "secret": {"address": 1, "account": 1}}
    monkeypatch.setattr(settings, "PLEXICA_RATE_LIMITS", limits)
    answers = [send(ada, f"{address}rotate/"), send(ada, f"{address}rotate/")]
    forget_tries()
    assert answers[-1].status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert int(answers[-1]["Retry-After"]) >= 1
