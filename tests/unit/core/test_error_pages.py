"""The page for what nobody foresaw must not need what may be broken: there is no database here."""

from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from plexica.core.error_pages import server_error
from tenants.models import Tenant


def test_an_unforeseen_error_is_told_in_the_tenants_look_without_the_database() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    request.tenant = Tenant(slug="acme", name="Acme & Sons", theme_colour="#0f766e")  # type: ignore[attr-defined]
    answer = server_error(request)
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "Acme &amp; Sons" in page
    assert f'href="{request.tenant.theme.style_sheet}"' in page  # type: ignore[attr-defined]


def test_it_is_told_even_before_anybody_knows_whose_request_it_was() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    page = server_error(request).content.decode()
    assert "Something went wrong on our side" in page
    assert "/theme/" not in page
