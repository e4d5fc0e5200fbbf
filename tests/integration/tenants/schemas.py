"""Tenants that are a schema and nothing else."""

import uuid
from collections.abc import Callable

import pytest
from django.utils import timezone

from tenants.models import Tenant
from tenants.schema.step import Schema
from tests.integration.conftest import MakeRun

MakeTenants = Callable[[int], list[Tenant]]


@pytest.fixture
def make_tenants(make_run: MakeRun) -> MakeTenants:
    """Make tenants that are ACTIVE and have a schema; the rest of them is not there."""

    def make(count: int) -> list[Tenant]:
        made = []
        for _number in range(count):
            run = make_run(f"up-{uuid.uuid4().hex[:10]}")
            Schema().do(run.tenant)
            run.state = "SUCCEEDED"
            run.finished_at = timezone.now()
            run.save()
            Tenant.objects.filter(pk=run.tenant_id).update(state="ACTIVE")
            made.append(Tenant.objects.get(pk=run.tenant_id))
        return made

    return make
