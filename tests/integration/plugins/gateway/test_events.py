"""Events that reach plugins over HTTP: at least once, to whom they concern, and to nobody else."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from plexica.core.scope import platform_scope
from plexica.events.models import OutboxMessage
from plexica.events.services import deliver_pending, publish
from plugins.gateway.events import MAX_AGE
from plugins.models import Installation
from plugins.states import InstallationState
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.plugins.gateway.backend import RunningBackend
from tests.integration.plugins.gateway.conftest import notice_change, set_state

EVENT = "office.opened"


@pytest.fixture(autouse=True)
def _nothing_waits() -> Iterator[None]:
    OutboxMessage.objects.all().delete()
    yield
    OutboxMessage.objects.all().delete()


def tell(tenant: Tenant, event: str = EVENT) -> OutboxMessage:
    with tenant_scope(tenant), transaction.atomic():
        publish(event=event, payload={"n": 1})
    return OutboxMessage.objects.get(event=event, tenant=tenant.slug)


def make_due() -> None:
    OutboxMessage.objects.filter(delivered_at=None).update(next_attempt_at=timezone.now())


def test_an_event_is_posted_once(
    acme: Tenant, backend: RunningBackend, installation: Installation
) -> None:
    message = tell(acme)
    tell(acme, "office.closed")
    deliver_pending()
    deliver_pending()
    assert [(each.method, each.target) for each in backend.seen] == [("POST", "/events/office")]
    sent = json.loads(backend.last.body)
    assert sent == {
        "id": str(message.id),
        "event": EVENT,
        "payload": {"n": 1},
        "published_at": message.published_at.isoformat(),
    }
    claims = backend.last.claims
    assert (claims["via"], claims["user"], claims["permissions"]) == ("event", None, [])
    assert claims["installation"] == str(installation.pk)


def test_what_fails_is_posted_again_for_a_day(
    acme: Tenant, backend: RunningBackend, installation: Installation
) -> None:
    backend.close()
    message = tell(acme)
    deliver_pending()
    message.refresh_from_db()
    assert message.delivered_at is None
    assert "TransientError" in message.last_error
    OutboxMessage.objects.update(published_at=timezone.now() - MAX_AGE - timedelta(minutes=1))
    make_due()
    deliver_pending()
    message.refresh_from_db()
    assert message.delivered_at is not None


@pytest.mark.parametrize("why", ["disabled", "not agreed", "another tenant", "platform"])
def test_nobody_else_hears_of_it(
    acme: Tenant, globex: Tenant, backend: RunningBackend, installation: Installation, why: str
) -> None:
    if why == "disabled":
        set_state(installation, InstallationState.DISABLED)
    if why == "not agreed":
        with platform_scope():
            Installation.objects.update(uses=["mail"])
        notice_change(acme)
    if why == "platform":
        with transaction.atomic():
            publish(event=EVENT, payload={})
    else:
        tell(globex if why == "another tenant" else acme)
    deliver_pending()
    assert not backend.seen
    assert not OutboxMessage.objects.filter(delivered_at=None).exists()
