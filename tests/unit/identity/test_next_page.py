"""Where one goes on after a login: never off this host, never round in circles."""

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from plexica.identity.guards import login_needed
from plexica.identity.next_page import safe_next_path


@pytest.mark.parametrize("path", ["/", "/settings/", "/a?b=c&d=%2F%2Fevil.example", "/a#b"])
def test_path_of_this_host_is_kept(path: str) -> None:
    assert safe_next_path(path) == path


@pytest.mark.parametrize(
    "target",
    [
        None, "", "settings/", "http://evil.example/", "//evil.example/", "///evil.example",
        "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", " //evil.example",
        "/\t/evil.example", "http:///evil.example", "/\n/evil.example", "https:evil.example",
        "/oidc/authenticate/?next=/oidc/authenticate/", "/" + "a" * 3000, "\x00/",
    ],
)  # fmt: skip
def test_anything_else_goes_home(target: str | None) -> None:
    assert safe_next_path(target) == "/"


def test_letters_beyond_ascii_are_written_as_in_an_address() -> None:
    assert safe_next_path("/ü") == "/%C3%BC"
    assert safe_next_path(f"/{'ü' * 300}") == f"/{'%C3%BC' * 300}"
    assert safe_next_path(f"/{'ü' * 400}") == "/", "Encoded it is too long."


@given(st.text(alphabet=":/\\@ \t\n.aevil%?#", max_size=30))
def test_no_text_leads_off_the_host(target: str) -> None:
    path = safe_next_path(target)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    # Browsers drop these before they read an address.
    assert not path.replace("\t", "").replace("\n", "").startswith(("//", "/\\"))


def test_page_is_redirected_to_log_in_and_comes_back() -> None:
    response = login_needed(RequestFactory().get("/settings/?tab=mail"))
    assert response.status_code == 302
    assert response["Location"] == "/oidc/authenticate/?next=%2Fsettings%2F%3Ftab%3Dmail"
    assert "HX-Request" in response["Vary"]


def test_htmx_is_told_to_load_the_login_as_a_page() -> None:
    response = login_needed(
        RequestFactory().get(
            "/runs/_steps/",
            headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/tenants/acme/?a=1"},
        )
    )
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/oidc/authenticate/?next=%2Ftenants%2Facme%2F%3Fa%3D1"
    assert "Location" not in response


@pytest.mark.parametrize(
    "current", ["http://evil.example/x", "", "//evil.example/", "http://[", "http://testserver//e/"]
)
def test_htmx_on_another_page_goes_home(current: str) -> None:
    response = login_needed(
        RequestFactory().post("/x/", headers={"HX-Request": "true", "HX-Current-URL": current})
    )
    assert response["HX-Redirect"] == "/oidc/authenticate/?next=%2F"


def test_sent_form_goes_back_to_its_page_instead_of_being_sent_again() -> None:
    response = login_needed(
        RequestFactory().post("/x/", headers={"Referer": "http://testserver/form/"})
    )
    assert response["Location"] == "/oidc/authenticate/?next=%2Fform%2F"
