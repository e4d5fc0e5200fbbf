"""Doing something in each tenant that is served, by the clock."""

import pytest

from plexica.core.scope import current_scope
from tenants import served
from tenants.models import Tenant
from tenants.served import in_each_served


def test_each_tenant_has_its_turn_whatever_becomes_of_the_others(
    acme: Tenant, globex: Tenant
) -> None:
    seen: list[str] = []

    def act(tenant: Tenant) -> int:
        assert current_scope().tenant_slug == tenant.slug
        seen.append(tenant.slug)
        if tenant.slug == "acme":
            raise RuntimeError("It fails here.")
        return 1

    assert in_each_served(act, doing="test") == len(seen) - 1
    assert {"acme", "globex"} <= set(seen)


def test_a_pass_that_takes_too_long_is_broken_off_and_the_next_begins_elsewhere(
    acme: Tenant, globex: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "PASS_SECONDS", -1.0)
    seen: list[str] = []

    def act(tenant: Tenant) -> int:
        seen.append(tenant.slug)
        return 1

    # Of two tenants, the same one begins 30 passes by chance once in 500 million times.
    for number in range(30):
        assert in_each_served(act, doing="test") == 1
        assert len(seen) == number + 1
    assert len(set(seen)) > 1
