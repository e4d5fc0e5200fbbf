"""Logins and log-outs that meet an end, a lost secret or somebody else's answer on their way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.contrib.sessions.models import Session

from plexica.core.crypto import UndecryptableError
from plexica.identity import browser_sessions, providers
from plexica.identity.browser_sessions import end_at_realms_word, end_everywhere
from plexica.identity.models import BrowserSession, User
from plexica.identity.oidc import refresh, sessions, views
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.identity.browser import Browser, host_of, set_password
from tests.integration.identity.logins import (
    ADA,
    is_in,
    key_of,
    keycloak_at,
    logged_in,
    make_due,
    post,
    row_of,
)
from tests.threads import threads

End = Callable[[User, dict[str, Any]], object]


def by_the_realm(user: User, claims: dict[str, Any]) -> object:
    return end_at_realms_word(issuer=user.issuer, subject=user.subject, realm_session=claims["sid"])


def by_the_realm_wholly(user: User, claims: dict[str, Any]) -> object:
    return end_at_realms_word(issuer=user.issuer, subject=user.subject, realm_session="")


def by_themselves(user: User, claims: dict[str, Any]) -> object:
    return end_everywhere(user=user)


@pytest.mark.parametrize("end", [by_the_realm, by_the_realm_wholly, by_themselves])
def test_a_login_does_not_survive_the_end_of_its_session(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch, end: End
) -> None:
    """The end comes when the realm has given the tokens and nobody has noted the session yet."""
    set_password(acme, ADA)
    browser = Browser(host_of(acme.workspace_url))
    back = browser.log_in_at_keycloak(browser.begin(), ADA)
    store = views.store_login
    sids: list[str] = []

    def ended_before(request: Any, **values: Any) -> None:
        sids.append(values["claims"]["sid"])
        end(values["user"], values["claims"])
        store(request, **values)

    with monkeypatch.context() as patch:
        patch.setattr(views, "store_login", ended_before)
        answer = browser.come_back(back)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert b"ended while you were logging in" in answer.content
    assert not is_in(browser)
    with tenant_scope(acme):
        assert not BrowserSession.objects.filter(realm_session__in=sids).exists()
    # Somebody who logs in after that comes in, in the same second, too.
    assert is_in(logged_in(acme))


def test_the_end_of_a_session_waits_for_a_login_that_is_noting_it(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:

    write = browser_sessions._write_session  # noqa: SLF001 (what happens between)
    begun, ended = threading.Event(), threading.Event()
    said: dict[str, Any] = {}

    def slowly(request: Any, user: User, *rest: Any) -> None:
        said.update(user=user, claims={"sid": rest[-1]})
        begun.set()
        assert not ended.wait(0.5), "It must wait."
        write(request, user, *rest)

    def end() -> None:
        assert begun.wait(20)
        with tenant_scope(acme):
            by_the_realm(said["user"], said["claims"])
        ended.set()

    set_password(acme, ADA)
    browser = Browser(host_of(acme.workspace_url))
    back = browser.log_in_at_keycloak(browser.begin(), ADA)
    monkeypatch.setattr(browser_sessions, "_write_session", slowly)
    with threads(1) as submit:
        ending = submit(end)
        assert browser.come_back(back).status_code == HTTPStatus.FOUND
        ending.result()
    assert not is_in(browser)


@pytest.mark.parametrize("address", ["/oidc/logout/", "/oidc/logout/everywhere/"])
def test_a_session_that_ends_while_it_is_logged_out(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """As the other of two log-outs at once does it: after this one has read it."""
    browser = logged_in(acme)
    assert is_in(browser)
    read = sessions.browser_session_of

    def ended_after(request: Any) -> BrowserSession | None:
        found = read(request)
        Session.objects.filter(pk=request.session.session_key).delete()
        return found

    monkeypatch.setattr(sessions, "browser_session_of", ended_after)
    assert post(browser, address).status_code == HTTPStatus.FOUND


def test_a_session_that_ends_while_it_is_refreshed(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = logged_in(acme)
    make_due(browser, acme)
    key, ask = key_of(browser), refresh._ask  # noqa: SLF001 (what happens between)

    def ended_before(*values: Any) -> Any:
        Session.objects.filter(pk=key).delete()
        return ask(*values)

    monkeypatch.setattr(refresh, "_ask", ended_before)
    assert not is_in(browser)


@pytest.mark.parametrize("lost", [KeyError("x"), UndecryptableError("x")])
def test_a_lost_secret_is_said_in_words_and_ends_nobodys_session(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch, lost: Exception
) -> None:
    inside, newcomer = logged_in(acme), Browser(host_of(acme.workspace_url))
    back = newcomer.log_in_at_keycloak(newcomer.begin(), ADA)
    make_due(inside, acme)

    def lose(**_which: object) -> str:
        raise lost

    with monkeypatch.context() as patch:
        patch.setattr(providers, "get_secret", lose)
        answer = newcomer.come_back(back)
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert b"Its operator has to repair that." in answer.content
        assert is_in(inside)
    refresh.forget_outages()
    assert is_in(inside)


@contextmanager
def answering(status: int, body: bytes, kind: str) -> Iterator[str]:
    """Have something in Keycloak's place that answers everything in one way."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b"<html>Forbidden by the firewall</html>"),
        (404, b"<html>No such site</html>"),
        (400, b"<html>Bad request</html>"),
        (400, b'{"error":"unauthorized_client"}'),
        (404, b'{"error":"Realm does not exist"}'),
        (302, b""),
        (200, b"<html>Log in to the hotel's network</html>"),
        (200, b"{}"),
    ],
)
def test_what_stands_between_ends_nobodys_session(acme: Tenant, status: int, body: bytes) -> None:
    browser = logged_in(acme)
    make_due(browser, acme)
    kind = "application/json" if body.startswith(b"{") else "text/html"
    with answering(status, body, kind) as url, keycloak_at(url):
        assert is_in(browser)
    assert is_in(browser)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"error":"invalid_grant","error_description":"Session not active"}'),
        (403, b'{"error":"access_denied","error_description":"Realm not enabled"}'),
    ],
)
def test_the_realms_own_no_does(acme: Tenant, status: int, body: bytes) -> None:
    browser = logged_in(acme)
    make_due(browser, acme)
    with tenant_scope(acme):
        row = row_of(browser)
    with answering(status, body, "application/json") as url, keycloak_at(url):
        assert not is_in(browser)
    with tenant_scope(acme):
        assert not BrowserSession.objects.filter(pk=row.pk).exists()
