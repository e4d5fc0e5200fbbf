from django.test import RequestFactory

from plexica.core.request_log import RequestLogMiddleware


def test_a_logins_code_is_not_logged() -> None:
    request = RequestFactory().get("/oidc/callback/?code=abc&state=def")
    assert RequestLogMiddleware.format_request(request) == "GET /oidc/callback/"
