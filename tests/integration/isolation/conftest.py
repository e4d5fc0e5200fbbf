"""Acme with canaries in all that it has, and everybody else who looks for them."""

from collections.abc import Iterator

import pytest

from bench._isolation.prover import Stage, staged
from plexica.core.scope import platform_scope
from tenants.models import Tenant


@pytest.fixture(scope="module")
def stage(acme: Tenant, globex: Tenant) -> Iterator[Stage]:
    with platform_scope(), staged(acme=acme, globex=globex) as found:
        yield found
