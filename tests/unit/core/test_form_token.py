"""The token of forms is Django's own, made faster."""

from django.middleware.csrf import (
    CSRF_TOKEN_LENGTH,
    _does_token_match,
    _get_new_csrf_string,
    get_token,
)
from django.test import RequestFactory

from plexica.core.csrf import form_token


def test_django_takes_it_for_one_of_its_own() -> None:
    request = RequestFactory().get("/")
    request.META["CSRF_COOKIE"] = secret = _get_new_csrf_string()
    made = {form_token(request) for _each in range(50)}
    assert len(made) == 50
    assert all(len(token) == CSRF_TOKEN_LENGTH for token in made)
    assert all(_does_token_match(token, secret) for token in made)
    assert not any(_does_token_match(token, _get_new_csrf_string()) for token in made)
    assert request.META["CSRF_COOKIE_NEEDS_UPDATE"]


def test_a_browser_without_a_cookie_gets_one() -> None:
    request = RequestFactory().get("/")
    token = form_token(request)
    assert _does_token_match(token, request.META["CSRF_COOKIE"])
    assert _does_token_match(get_token(request), request.META["CSRF_COOKIE"])
