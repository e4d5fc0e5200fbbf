"""Real servers, the platform's scope, and the cast: Ada owns acme, Bo is in it, Cy is globex's."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from plexica.core.actor import SYSTEM
from plexica.core.scope import platform_scope
from tenants.models import ProvisioningRun, Tenant
from tenants.provisioning.engine import run_provisioning
from tenants.provisioning.step import configured_steps
from tenants.services import create_tenant
from tests.conftest import Servers

MakeRun = Callable[..., ProvisioningRun]


@pytest.fixture(autouse=True)
def _platform_scope(platform: Servers) -> Iterator[None]:
    """Run each test in the platform's scope; what it writes stays, so it uses slugs of its own."""
    with platform_scope():
        yield


@pytest.fixture
def make_run() -> Iterator[MakeRun]:
    """Begin tenants, and leave nothing of them afterwards."""
    made: list[Tenant] = []

    def make(slug: str | None = None, **values: str) -> ProvisioningRun:
        run = create_tenant(
            slug=slug or f"x{uuid.uuid4().hex[:12]}",
            name=values.get("name", "An Example"),
            owner_email=values.get("owner_email", "ada@example.com"),
            contact_email=values.get("contact_email", ""),
            actor=SYSTEM,
        )
        made.append(run.tenant)
        return run

    yield make
    for tenant in made:
        remove(tenant)


def remove(tenant: Tenant) -> None:
    """Take back whatever there is of a tenant, and its row."""
    for step in reversed(configured_steps().values()):
        step.undo(tenant)
    tenant.delete()


@contextmanager
def provisioned(slug: str, owner_email: str) -> Iterator[Tenant]:
    """Have a whole tenant, made as everybody makes one, for as long as a block runs."""
    with platform_scope():
        # A run of the tests that was cut off, on servers that were kept, may have left it.
        for leftover in Tenant.objects.filter(slug=slug):
            remove(leftover)
        run = create_tenant(slug=slug, name=slug.title(), owner_email=owner_email, actor=SYSTEM)
        run_provisioning(run.id)
        tenant = Tenant.objects.get(slug=slug)
        steps = {step.name: step.error_message for step in run.steps.all()}
        assert tenant.is_active, steps
    try:
        yield tenant
    finally:
        with platform_scope():
            remove(tenant)


@pytest.fixture(scope="session")
def acme(platform: Servers) -> Iterator[Tenant]:
    """The tenant that Ada owns."""
    with provisioned("acme", "ada@acme.example") as tenant:
        yield tenant


@pytest.fixture(scope="session")
def globex(platform: Servers) -> Iterator[Tenant]:
    """The tenant that Cy, the intruder, owns."""
    with provisioned("globex", "cy@globex.example") as tenant:
        yield tenant
