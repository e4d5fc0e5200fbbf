"""People of the demo come: a real login at their realm, in a browser of this process.

Our pages are asked in this process, so that no name of a workspace has to be known to this
machine; Keycloak is asked over HTTP, at the address that browsers have.
"""

import html
import re
from urllib.parse import urlsplit

import requests
from django.test import Client

from tenants.models import Tenant

LOGIN_FORM = re.compile(r'<form[^>]*action="([^"]+)"')
_SECONDS = 30


class NotComeIn(Exception):
    """The login did not lead into the workspace; the words say how far it came."""


class KeycloakSession(requests.Session):
    """Sends secure cookies to localhost without TLS, as browsers do."""

    trust_env = False

    def send(self, request: requests.PreparedRequest, **options: object) -> requests.Response:
        """Send a request, and have its cookies sent on without TLS too."""
        response = super().send(request, **options)  # type: ignore[arg-type]
        for cookie in self.cookies:
            cookie.secure = False
        return response


def visit(tenant: Tenant, email: str, password: str) -> Client:
    """Log somebody in to their workspace.

    Args:
        tenant: Whose workspace.
        email: Who.
        password: What their realm knows them by.

    Returns:
        Their browser, on the pages of this process.

    Raises:
        NotComeIn: The realm or the workspace did not let them in.
    """
    address = urlsplit(tenant.workspace_url)
    browser = Client(headers={"Host": address.netloc, "Accept-Language": tenant.locale or "en"})
    browser.defaults["wsgi.url_scheme"] = address.scheme
    begun = browser.get("/oidc/authenticate/", {"next": "/"})
    keycloak = KeycloakSession()
    try:
        page = keycloak.get(begun["Location"], timeout=_SECONDS)
        form = LOGIN_FORM.search(page.text)
        if form is None:
            raise NotComeIn("Keycloak's login page has no form.")
        answer = keycloak.post(
            html.unescape(form.group(1)),
            data={"username": email, "password": password, "credentialId": ""},
            timeout=_SECONDS,
            allow_redirects=False,
        )
    except (requests.RequestException, KeyError) as error:
        raise NotComeIn(f"Keycloak was not reached: {error}") from error
    back = urlsplit(answer.headers.get("Location", ""))
    if back.netloc != address.netloc:
        raise NotComeIn(f"Keycloak answered {answer.status_code} to the password.")
    if browser.get(f"{back.path}?{back.query}").status_code != requests.codes.found:
        raise NotComeIn("The workspace refused the login.")
    browser.get("/")
    return browser
