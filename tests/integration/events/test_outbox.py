"""Events: told after the commit, at least once, to every subscriber in the right scope."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from plexica.audit.models import AuditEntry
from plexica.audit.services import record
from plexica.core.actor import SYSTEM
from plexica.core.scope import current_scope
from plexica.events.models import OutboxMessage
from plexica.events.registry import subscribe, unsubscribe
from plexica.events.services import deliver_pending, publish
from tenants.models import Tenant
from tenants.scopes import tenant_scope

EVENT = "example.happened"
heard: list[tuple[str, str | None, Any]] = []
broken = {"second": False}


def first(payload: dict[str, Any]) -> None:
    heard.append(("first", current_scope().tenant_slug, payload["n"]))


def second(payload: dict[str, Any]) -> None:
    if broken["second"]:
        raise ValueError("password=hunter2")
    heard.append(("second", current_scope().tenant_slug, payload["n"]))


@pytest.fixture(autouse=True)
def _subscribed() -> Iterator[None]:
    while deliver_pending():
        pass
    for handler in (first, second):
        subscribe(EVENT, handler)
    heard.clear()
    broken["second"] = False
    yield
    for handler in (first, second):
        unsubscribe(EVENT, handler)
    OutboxMessage.objects.filter(event=EVENT).delete()


def _publish(n: int) -> None:
    with transaction.atomic():
        publish(event=EVENT, payload={"n": n})


def test_each_subscriber_hears_once_in_the_scope_of_the_publisher(acme: Tenant) -> None:
    _publish(1)
    with tenant_scope(acme):
        _publish(2)
    assert heard == []
    deliver_pending()
    deliver_pending()
    assert sorted(heard, key=str) == [
        ("first", "acme", 2),
        ("first", None, 1),
        ("second", "acme", 2),
        ("second", None, 1),
    ]


def test_nothing_is_told_of_what_was_rolled_back() -> None:
    def fail() -> None:
        with transaction.atomic():
            publish(event=EVENT, payload={"n": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    deliver_pending()
    assert heard == []


def test_a_subscriber_that_fails_hears_again_and_the_others_do_not() -> None:
    broken["second"] = True
    _publish(1)
    deliver_pending()
    assert heard == [("first", None, 1)]
    message = OutboxMessage.objects.get(event=EVENT)
    assert message.next_attempt_at > timezone.now()
    assert "ValueError" in message.last_error
    assert "hunter2" not in message.last_error

    broken["second"] = False
    deliver_pending()
    assert len(heard) == 1, "it is not due yet"
    OutboxMessage.objects.update(next_attempt_at=timezone.now())
    deliver_pending()
    assert heard == [("first", None, 1), ("second", None, 1)]
    message.refresh_from_db()
    assert message.delivered_at is not None


@pytest.mark.parametrize("write", ["publish", "record"])
def test_both_ask_for_a_transaction(write: str) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        if write == "publish":
            publish(event=EVENT, payload={})
        else:
            record(actor=SYSTEM, action="x.done", target="x:1")


def test_the_audit_is_written_with_what_it_tells_or_not_at_all(acme: Tenant) -> None:
    def fail() -> None:
        with transaction.atomic():
            record(actor=SYSTEM, action="x.done", target="x:rolled-back")
            raise ZeroDivisionError

    with tenant_scope(acme):
        with pytest.raises(ZeroDivisionError):
            fail()
        with transaction.atomic():
            record(actor=SYSTEM, action="x.done", target="x:kept", before={"a": 1}, after={"a": 2})
        assert AuditEntry.objects.filter(target__startswith="x:").count() == 1
    assert not AuditEntry.objects.filter(target__startswith="x:").exists()
