"""The steps for roles and owner, against the real realm, database and mail."""

import pytest

from plexica.core.errors import TransientError
from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import User
from plexica.identity.providers import tenant_provider
from plexica.rbac import provisioning
from plexica.rbac.engine import permissions_of
from plexica.rbac.models import Role, RoleAssignment
from plexica.rbac.provisioning import Owner, SystemRoles
from plexica.rbac.selectors import has_role
from tenants.models import Tenant
from tenants.scopes import tenant_scope


def test_the_owner_is_one_person_in_realm_and_schema(acme: Tenant) -> None:
    person = realm_client(acme).find_user_by_email("ada@acme.example")
    assert person is not None
    with tenant_scope(acme):
        user = User.objects.get(email="ada@acme.example")
        assert (user.issuer, user.subject) == (tenant_provider(acme).issuer, person["id"])
        assert has_role(user, "owner")
        assert "core:dashboard:view" in permissions_of(user)


def test_do_again_makes_no_second_person(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def send(*, tenant: Tenant, subject: str) -> None:
        assert tenant == acme
        sent.append(subject)

    monkeypatch.setattr(provisioning, "send_invitation", send)
    with tenant_scope(acme):
        before = (User.objects.count(), RoleAssignment.objects.count(), Role.objects.count())
    SystemRoles().do(acme)
    Owner().do(acme)
    with tenant_scope(acme):
        after = (User.objects.count(), RoleAssignment.objects.count(), Role.objects.count())
        owner = User.objects.get(email="ada@acme.example")
    assert after == before
    assert sent == [owner.subject]


def test_the_invitation_comes_last(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail server that is away is stood for by a function; the owner is there all the same."""

    def fail(**_arguments: object) -> None:
        with tenant_scope(acme):
            assert has_role(User.objects.get(email="ada@acme.example"), "owner")
        raise TransientError("The mail server did not answer.")

    monkeypatch.setattr(provisioning, "send_invitation", fail)
    with pytest.raises(TransientError):
        Owner().do(acme)


def test_undo_is_harmless_where_nothing_is_left() -> None:
    gone = Tenant(slug="zz-gone", schema_name="t_zz_gone", realm="zz-gone", bucket="zz-gone")
    for step in (Owner(), SystemRoles()):
        step.undo(gone)
        step.undo(gone)
