"""The page that says which group of Keycloak a group follows, with acme's own realm."""

import uuid
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from plexica.identity.keycloak.realm import realm_client
from plexica.identity.models import User
from plexica.identity.providers import MANAGEMENT_SECRET
from plexica.identity.sync.cycle import resync_current
from plexica.rbac.models import Group, GroupMembership
from tenants.models import Tenant
from tenants.scopes import tenant_scope
from tenants.secrets import get_secret, set_secret
from tests.integration.workspace.conftest import Member
from tests.integration.workspace.test_groups import page_of, send


@pytest.fixture
def path(acme: Tenant) -> Iterator[str]:
    """A group of acme's realm, with Ada in it."""
    realm = realm_client(acme)
    base, name = f"/{acme.realm}", uuid.uuid4().hex
    group = realm.call("POST", f"{base}/groups", body={"name": name}).created_id
    owner = realm.find_user_by_email("ada@acme.example")
    assert owner
    realm.call("PUT", f"{base}/users/{owner['id']}/groups/{group}")
    yield f"/{name}"
    realm.call("DELETE", f"{base}/groups/{group}")


def test_a_group_follows_one_of_keycloak(ada: Member, path: str) -> None:
    team = send(ada, "/groups/new/", name="Team")["Location"]
    assert "Follow a group" in page_of(ada, team)
    assert 'name="realm_path"' in page_of(ada, f"{team}follow/")
    assert send(ada, f"{team}follow/", realm_path=path)["Location"] == team
    with tenant_scope(ada.tenant):
        resync_current()
    page = page_of(ada, team)
    assert path in page
    assert "From Keycloak" in page
    with tenant_scope(ada.tenant):
        owner = GroupMembership.objects.get().user
    answer = ada.client.post(f"{team}members/remove/", {"user": str(owner.pk)}, follow=True)
    assert f"Take them out of the group {path} in Keycloak." in answer.content.decode()
    other = send(ada, "/groups/new/", name="Other")["Location"]
    answer = send(ada, f"{other}follow/", realm_path=path)
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "Another group follows this one." in answer.content.decode()
    assert send(ada, f"{team}follow/", realm_path="")["Location"] == team
    page = page_of(ada, team)
    assert "Nobody is in this group." in page
    assert "Follow a group" in page


def test_what_cannot_be_is_told(ada: Member, dee: Member, bo: Member, path: str) -> None:
    team = send(ada, "/groups/new/", name="Team")["Location"]
    answer = send(ada, f"{team}follow/", realm_path="/no/such/group")
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "Keycloak has no group at this path." in answer.content.decode()
    for wrong in ("/x" * 300, "/\x07"):
        assert send(ada, f"{team}follow/", realm_path=wrong).status_code == HTTPStatus.BAD_REQUEST
    assert send(bo, f"{team}follow/", realm_path=path).status_code == HTTPStatus.FORBIDDEN
    send(ada, "/roles/give/", role="owner", group=team.split("/")[2], back="group")
    answer = send(dee, f"{team}follow/", realm_path=path)
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "which you do not hold" in answer.content.decode()
    assert f"{team}follow/" not in page_of(dee, team)
    with tenant_scope(ada.tenant):
        assert Group.objects.get().realm_path == ""


def test_a_realm_that_cannot_be_asked_is_told(ada: Member, acme: Tenant, path: str) -> None:
    team = send(ada, "/groups/new/", name="Team")["Location"]
    secret = get_secret(tenant=acme, name=MANAGEMENT_SECRET)
    set_secret(tenant=acme, name=MANAGEMENT_SECRET, value="not the secret")
    try:
        answer = send(ada, f"{team}follow/", realm_path=path)
    finally:
        set_secret(tenant=acme, name=MANAGEMENT_SECRET, value=secret)
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Keycloak cannot be asked now." in answer.content.decode()
    with tenant_scope(acme):
        assert not User.objects.filter(group_memberships__source="realm").exists()
