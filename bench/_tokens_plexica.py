"""Plexica's checks of bearer tokens, measured with a tenant's realm and its service account."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from bench._permissions import OTHER_CHECKS, figures
from bench._tokens import (
    WARM_CHECKS,
    ask_token,
    checks_of,
    measure_pyjwt,
    with_unknown_key,
)
from plexica.core.actor import SYSTEM
from plexica.core.scope import platform_scope
from plexica.identity.api import BearerAuthentication, check_token
from plexica.identity.jwt import keys
from plexica.identity.jwt.errors import TokenRefused
from plexica.identity.jwt.remembered import forget_tokens
from plexica.identity.keycloak.transport import Answer, Transport
from plexica.identity.providers import Provider, tenant_provider
from plexica.rbac.service_accounts import create_service_account
from tenants.models import Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.scopes import tenant_scope
from tenants.services import create_tenant

SLUG = "bench-tokens"
ADDRESS = "203.0.113.7"


def measure(count: int) -> dict[str, Any]:
    """Return the figures of all ways.

    Args:
        count: How many tokens take turns.
    """
    with platform_scope():
        run = create_tenant(slug=SLUG, name="Bench", owner_email="ada@example.com", actor=SYSTEM)
        run_provisioning(run.id)
        tenant = Tenant.objects.get(slug=SLUG)
    provider = tenant_provider(tenant)
    with tenant_scope(tenant):
        issued = create_service_account(tenant=tenant, name="Bench", roles=["viewer"], actor=SYSTEM)
        url = provider.token_endpoint
        tokens = [
            ask_token(url, issued.account.client_id, issued.secret) for _number in range(count)
        ]
        found = _measure(tokens, tenant, provider)
    found |= measure_pyjwt(
        tokens,
        keys_url=provider.jwks_endpoint,
        issuer=provider.issuer,
        audience=provider.api_audience,
    )
    return found


def _measure(tokens: list[str], tenant: Tenant, provider: Provider) -> dict[str, Any]:
    redis: Any = cache

    def check(token: str) -> Any:
        return check_token(token, provider, ADDRESS)

    def forget_here(_token: str) -> None:
        forget_tokens()

    def forget_tokens_everywhere(_token: str) -> None:
        forget_tokens()
        redis.delete_pattern("identity:token:*")

    def forget_process(token: str) -> None:
        forget_tokens_everywhere(token)
        keys.forget_keys_here()

    for token in tokens:
        check(token)
    requests = {token: _request(token, tenant) for token in tokens}
    authentication = BearerAuthentication()
    found: dict[str, Any] = {
        "warm": figures(checks_of(tokens, check), WARM_CHECKS),
        "redis": figures(checks_of(tokens, check, forget_here), OTHER_CHECKS),
        "request": figures(
            checks_of(tokens, lambda token: authentication.authenticate(requests[token])), 2000
        ),
        "checked": figures(checks_of(tokens, check, forget_tokens_everywhere), OTHER_CHECKS),
        "new_process": figures(checks_of(tokens, check, forget_process), OTHER_CHECKS),
    }

    def refuse(token: str) -> None:
        try:
            check(token)
        except TokenRefused:
            return
        raise AssertionError("A token with an unknown key was let in.")

    junk = [with_unknown_key(token) for token in tokens]
    with _counted_fetches() as fetches:
        found["unknown_key"] = figures(checks_of(junk, refuse), OTHER_CHECKS)
    return {**found, "unknown_key_fetches": len(fetches)}


def _request(token: str, tenant: Tenant) -> Request:
    request = APIRequestFactory().get("/api/me", headers={"Authorization": f"Bearer {token}"})
    request.tenant = tenant  # type: ignore[attr-defined] # as TenantMiddleware does
    return Request(request)


@contextmanager
def _counted_fetches() -> Iterator[list[str]]:
    """Note each call of Keycloak that a block makes."""
    made: list[str] = []
    call = Transport.call

    def noted(self: Transport, method: str, path: str, **options: Any) -> Answer:
        made.append(path)
        return call(self, method, path, **options)

    Transport.call = noted  # type: ignore[method-assign] # put back below
    try:
        yield made
    finally:
        Transport.call = call  # type: ignore[method-assign]
