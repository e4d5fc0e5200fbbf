"""Background jobs run in the scope that they were sent from, and for active tenants only."""

from collections.abc import Iterator

import pytest
from celery import current_app, shared_task
from django.db import transaction
from kombu.simple import SimpleQueue

from plexica.core.errors import NotFound
from plexica.core.jobs import TENANT_HEADER, send_after_commit
from plexica.core.scope import current_scope
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tests.integration.conftest import MakeRun

seen: list[str | None] = []


@shared_task(name="tests.look")
def look() -> None:
    seen.append(current_scope().tenant_slug)


@pytest.fixture
def queue() -> Iterator[SimpleQueue]:
    """The default queue, with nothing in it."""
    with current_app.connection_for_read() as connection:
        found = connection.SimpleQueue("default")
        found.clear()
        yield found
        found.clear()
        found.close()


def _is_empty(queue: SimpleQueue) -> bool:
    try:
        queue.get_nowait()
    except queue.Empty:
        return True
    return False


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


def test_a_task_runs_in_its_tenants_scope(acme: Tenant) -> None:
    look.apply(headers={TENANT_HEADER: "acme"}, throw=True)
    look.apply(throw=True)
    assert seen == ["acme", None]


def test_a_task_of_a_tenant_that_is_not_served_is_not_run(make_run: MakeRun) -> None:
    slug = make_run().tenant.slug
    with pytest.raises(NotFound):
        look.apply(headers={TENANT_HEADER: slug}, throw=True)
    assert seen == []


def test_a_message_carries_the_senders_tenant_and_waits_for_the_commit(
    acme: Tenant, queue: SimpleQueue
) -> None:
    with tenant_scope(acme), transaction.atomic():
        send_after_commit("tests.look")
        assert _is_empty(queue)
    message = queue.get(timeout=5)
    assert message.headers[TENANT_HEADER] == "acme"
    message.ack()


def test_nothing_is_sent_of_what_is_rolled_back(queue: SimpleQueue) -> None:
    def fail() -> None:
        with transaction.atomic():
            send_after_commit("tests.look")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _is_empty(queue)
