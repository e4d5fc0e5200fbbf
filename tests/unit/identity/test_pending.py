"""Logins that have begun: each its own cookie, good once, here, and for half an hour."""

import time
from dataclasses import replace
from http.cookies import SimpleCookie

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils.encoding import iri_to_uri

from plexica.identity.next_page import safe_next_path
from plexica.identity.oidc import pending
from plexica.identity.oidc.pending import PendingLogin, forget, recall, remember

ISSUER = "http://login.example/realms/acme"


def begun(state: str, started_at: float | None = None) -> PendingLogin:
    return PendingLogin(
        state=state,
        issuer=ISSUER,
        nonce="n",
        code_verifier="v",
        next_path=f"/{state}/",
        started_at=started_at or time.time(),
    )


class Browser:
    """Keeps cookies as a browser does."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def request(self) -> HttpRequest:
        request = RequestFactory().get("/oidc/callback/")
        request.COOKIES = dict(self.cookies)
        return request

    def take(self, response: HttpResponse) -> SimpleCookie:
        for name, morsel in response.cookies.items():
            if morsel["max-age"] == 0:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value
        return response.cookies

    def begin(self, login: PendingLogin) -> SimpleCookie:
        request, response = self.request(), HttpResponse()
        remember(request, response, login)
        return self.take(response)


def test_two_tabs_of_one_browser_each_come_back_to_their_own_page() -> None:
    browser = Browser()
    browser.begin(begun("first"))
    browser.begin(begun("second"))
    for state in ("second", "first"):
        found = recall(browser.request(), issuer=ISSUER, state=state)
        assert found is not None
        assert found.next_path == f"/{state}/"


def test_state_is_good_once() -> None:
    browser = Browser()
    browser.begin(begun("first"))
    response = HttpResponse()
    forget(browser.request(), response, "first")
    browser.take(response)
    assert recall(browser.request(), issuer=ISSUER, state="first") is None


@pytest.mark.parametrize("state", ["", "second", "first ", "FIRST", "*"])
def test_other_state_is_unknown(state: str) -> None:
    browser = Browser()
    browser.begin(begun("first"))
    assert recall(browser.request(), issuer=ISSUER, state=state) is None


def test_another_realm_does_not_accept_it() -> None:
    browser = Browser()
    browser.begin(begun("first"))
    assert recall(browser.request(), issuer=f"{ISSUER}x", state="first") is None


def test_it_is_over_after_half_an_hour() -> None:
    browser = Browser()
    browser.begin(begun("first", time.time() - pending.MAX_AGE_SECONDS - 1))
    assert recall(browser.request(), issuer=ISSUER, state="first") is None


def test_changed_cookie_is_worth_nothing() -> None:
    browser = Browser()
    browser.begin(begun("first"))
    name = next(iter(browser.cookies))
    for value in ("", "x", browser.cookies[name][:-2], browser.cookies[name].swapcase()):
        browser.cookies[name] = value
        assert recall(browser.request(), issuer=ISSUER, state="first") is None


def test_cookie_hides_what_it_holds_and_is_out_of_reach_for_scripts() -> None:
    (morsel,) = Browser().begin(begun("first")).values()
    assert morsel["httponly"]
    assert morsel["samesite"] == "Lax"
    assert "first" not in morsel.key + morsel.value


def test_oldest_make_room() -> None:
    browser = Browser()
    now = time.time()
    for number in range(20):
        browser.begin(begun(f"state-{number}", now + number - 30))
    assert len(browser.cookies) == pending.MAX_PENDING
    assert recall(browser.request(), issuer=ISSUER, state="state-19") is not None
    assert recall(browser.request(), issuer=ISSUER, state="state-0") is None


def test_a_cookie_fits_whatever_page_was_wanted() -> None:
    wanted = f"/users/?q={'ü€😀' * 650}"
    assert safe_next_path(wanted) == "/", "It would take more room than there is."
    fits = f"/users/?q={'ü' * 300}"
    browser = Browser()
    (morsel,) = browser.begin(replace(begun("first"), next_path=safe_next_path(fits))).values()
    assert len(f"{morsel.key}={morsel.value}") < 3000
    found = recall(browser.request(), issuer=ISSUER, state="first")
    assert found is not None
    assert found.next_path == iri_to_uri(fits)


def test_many_long_ones_do_not_make_a_request_too_large() -> None:
    browser, now = Browser(), time.time()
    for number in range(6):
        login = replace(begun(f"state-{number}", now + number - 30), next_path=f"/{'a' * 1990}")
        browser.begin(login)
        assert sum(map(len, browser.cookies.values())) <= pending.MAX_BYTES
        assert recall(browser.request(), issuer=ISSUER, state=f"state-{number}") is not None
