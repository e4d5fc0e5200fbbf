"""The Content-Security-Policy of each answer, naming the Keycloak that its forms may end at."""

from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit

from csp.constants import HEADER
from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

DEFAULT_KEYCLOAK = "default"
_KEPT = 64


class ScopedCSPMiddleware(CSPMiddleware):
    """Lets forms lead to our own host and to the Keycloak of the tenant at hand, and nowhere else.

    Chromium applies `form-action` to redirects too, and the log-out form ends at Keycloak.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Add the policy, which is the same for all answers that ask for no other."""
        is_own = any(name.startswith("_csp_") for name in (*vars(response), *vars(request)))
        if is_own or HEADER in response.headers:
            return super().process_response(request, response)
        response.headers[HEADER] = _policy(keycloak_origin(request))
        return response

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002 (django-csp's signature)
    ) -> PolicyParts:
        """Return the parts that the policy is put together from."""
        parts: PolicyParts = super().get_policy_parts(request, response, report_only)
        update = dict(parts.update or {})
        allowed = update.get("form-action", [])
        update["form-action"] = [
            *([allowed] if isinstance(allowed, str) else allowed),
            keycloak_origin(request),
        ]
        return replace(parts, update=update)


def keycloak_origin(request: HttpRequest) -> str:
    """Return the origin of the Keycloak that the people of this host log in at."""
    tenant = getattr(request, "tenant", None)
    key = getattr(tenant, "keycloak", DEFAULT_KEYCLOAK)
    return _origin(settings.KEYCLOAK_SERVERS[key].public_url)


@lru_cache(_KEPT)
def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


@lru_cache(_KEPT)
def _policy(origin: str) -> str:
    policy: str = build_policy(update={"form-action": [origin]})
    return policy
