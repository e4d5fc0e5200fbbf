"""A browser as far as a login needs one: Django's test client, and cookies at Keycloak."""

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from django.test import Client

from deploy.demo.visits import LOGIN_FORM, KeycloakSession
from plexica.identity.keycloak.realm import realm_client
from tenants.models import Tenant

if TYPE_CHECKING:
    import requests

__all__ = ["PASSWORD", "Browser", "KeycloakSession", "host_of", "query", "set_password"]

PASSWORD = "a long enough password"
_ERRORS = re.compile(r"(?s)<span[^>]*(?:error|feedback)[^>]*>(.*?)</span>")


class Browser:
    """One browser, on one of our hosts."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.client = Client(headers={"Host": host}, enforce_csrf_checks=True)
        self.keycloak = KeycloakSession()

    def begin(self, path: str = "/") -> str:
        """Return the address of the realm's login page."""
        response = self.client.get("/oidc/authenticate/", {"next": path})
        assert response.status_code == 302
        return str(response["Location"])

    def log_in_at_keycloak(self, address: str, username: str, password: str = PASSWORD) -> str:
        """Return the address that Keycloak sends the browser back to."""
        page = self.keycloak.get(address, timeout=30, allow_redirects=False)
        if page.status_code == 302:
            # This browser is logged in at the realm already.
            return page.headers["Location"]
        form = LOGIN_FORM.search(page.text)
        assert form, page.text[:2000]
        answer = self.keycloak.post(
            html.unescape(form.group(1)),
            data={"username": username, "password": password, "credentialId": ""},
            timeout=30,
            allow_redirects=False,
        )
        assert answer.status_code == 302, _ERRORS.findall(answer.text) or answer.text[:2000]
        return answer.headers["Location"]

    def come_back(self, address: str) -> "requests.Response":
        """Follow Keycloak's redirect to our host."""
        parts = urlsplit(address)
        assert parts.netloc == self.host, address
        return self.client.get(f"{parts.path}?{parts.query}")  # type: ignore[return-value]

    def log_in(self, username: str, path: str = "/") -> "requests.Response":
        """Log in and return our answer to the redirect."""
        return self.come_back(self.log_in_at_keycloak(self.begin(path), username))


def query(address: str) -> dict[str, str]:
    """Return an address's parameters."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def host_of(url: str) -> str:
    """Return the host and port of an address."""
    return urlsplit(url).netloc


def set_password(tenant: Tenant, email: str) -> str:
    """Set a person's password as their invitation would, and return their subject."""
    realm = realm_client(tenant)
    found = realm.find_user_by_email(email)
    assert found is not None
    subject = str(found["id"])
    realm.update_user(subject, {"requiredActions": [], "emailVerified": True})
    realm.call(
        "PUT", f"/{tenant.realm}/users/{subject}/reset-password",
        body={"type": "password", "value": PASSWORD, "temporary": False},
    )  # fmt: skip
    return subject
