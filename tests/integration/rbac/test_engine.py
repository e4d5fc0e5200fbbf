"""Snapshots: when they are compiled, what they cost, and that a change is seen everywhere."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from plexica.core.actor import SYSTEM
from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.rbac.authority import LastOwner
from plexica.rbac.engine import forget_snapshots, has_permission, snapshot_of
from plexica.rbac.services import assign_role
from tenants.epochs import current_epoch, epoch_kept, raise_epoch
from tenants.models import Tenant
from tenants.scopes import tenant_scope


@pytest.fixture
def user(acme: Tenant) -> Iterator[User]:
    """Bo, who has no role yet, in acme's scope."""
    with tenant_scope(acme):
        bo = User.objects.create(issuer="https://id.example", subject=uuid.uuid4().hex)
        yield bo
        bo.delete()


def test_a_compiled_snapshot_costs_no_query(
    acme: Tenant, user: User, django_assert_num_queries: Any
) -> None:
    assign_role(holder=user, role="viewer", actor=SYSTEM)
    with epoch_kept(acme.schema_name):
        with django_assert_num_queries(2):
            assert has_permission(user, "core:dashboard:view")
        with django_assert_num_queries(0):
            assert has_permission(user, "core:dashboard:view")
            assert not has_permission(user, "core:users:invite")


def test_another_process_finds_it_in_redis(
    acme: Tenant, user: User, django_assert_num_queries: Any
) -> None:
    assign_role(holder=user, role="viewer", actor=SYSTEM)
    found = snapshot_of(user)
    forget_snapshots()
    with epoch_kept(acme.schema_name, current_epoch()), django_assert_num_queries(0):
        assert snapshot_of(user) == found


def test_a_change_is_seen_with_the_next_request(acme: Tenant, user: User) -> None:
    with epoch_kept(acme.schema_name):
        assert not has_permission(user, "core:dashboard:view")
        assign_role(holder=user, role="owner", actor=SYSTEM)
        assert has_permission(user, "core:dashboard:view")


def test_a_change_that_is_rolled_back_was_never_there(user: User) -> None:
    class Undone(Exception):
        pass

    before = current_epoch()
    with pytest.raises(Undone), transaction.atomic():
        assign_role(holder=user, role="owner", actor=SYSTEM)
        assert has_permission(user, "core:dashboard:view")
        raise Undone
    assert current_epoch() == before
    assert not has_permission(user, "core:dashboard:view")


def test_one_tenants_change_leaves_the_others_alone(
    acme: Tenant, globex: Tenant, user: User
) -> None:
    with tenant_scope(globex):
        before = current_epoch()
    raise_epoch()
    with tenant_scope(globex):
        assert current_epoch() == before
    with platform_scope():
        raised = current_epoch()
        raise_epoch()
        assert current_epoch() == raised + 1


def test_a_tenant_raises_its_own_epoch_only(acme: Tenant, globex: Tenant) -> None:
    with tenant_scope(acme):
        assert Tenant.objects.filter(slug="globex").update(permission_epoch=99) == 0
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            Tenant.objects.filter(slug="acme").update(state="SUSPENDED")


def test_without_redis_the_database_answers(acme: Tenant, user: User, settings: Settings) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert not has_permission(user, "core:dashboard:view")
    assign_role(holder=user, role="viewer", actor=SYSTEM)
    assert has_permission(user, "core:dashboard:view")
    assert not has_permission(user, "core:users:invite")


def test_what_was_compiled_in_a_change_that_failed_is_not_kept(acme: Tenant, user: User) -> None:
    """The next change gets the number of the one that failed."""

    class Undone(Exception):
        pass

    with epoch_kept(acme.schema_name):
        with pytest.raises(Undone), transaction.atomic():
            assign_role(holder=user, role="owner", actor=SYSTEM)
            assert has_permission(user, "core:users:invite")
            raise Undone
        assert not has_permission(user, "core:users:invite")
        assign_role(holder=user, role="viewer", actor=SYSTEM)
        assert snapshot_of(user).roles == {"viewer"}
    forget_snapshots()
    assert snapshot_of(user).roles == {"viewer"}


def test_a_request_goes_on_with_the_true_epoch_after_a_change_that_failed(
    acme: Tenant, user: User
) -> None:
    before = current_epoch()
    with epoch_kept(acme.schema_name):
        with pytest.raises(LastOwner), transaction.atomic():
            raise_epoch()
            assert current_epoch() == before + 1
            raise LastOwner
        assert current_epoch() == before
