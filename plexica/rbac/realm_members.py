"""What a change in a realm means for groups and roles; registered with the sync (ADR 13)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog

from plexica.audit.services import record
from plexica.core.scope import current_scope
from plexica.events.services import publish
from plexica.identity.keycloak.following import (
    find_group,
    find_group_by_id,
    list_groups_of,
    list_members,
    list_roles_of,
)
from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.models import User, UserKind
from plexica.identity.sync.hooks import KEYCLOAK, Change, Writer, Written
from plexica.rbac.models import (
    MAX_REALM_PATH_LENGTH,
    Group,
    GroupMembership,
    MembershipSource,
)
from plexica.rbac.registry import Audience
from plexica.rbac.selectors import current_audience, has_owner
from plexica.rbac.services import follow_token_roles
from tenants.epochs import raise_epoch

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a realm says of a group that is mapped.

    Attributes:
        asked: The path and the id that it was asked for by.
        path: Its path, as it is now; None if the group is gone.
        realm_id: Its id.
        members: The subjects of its members.
    """

    asked: tuple[str, UUID | None]
    path: str | None
    realm_id: UUID | None
    members: frozenset[str]


def follow_realm_members(*, realm: RealmClient, issuer: str, change: Change) -> Writer | None:
    """Read who is in the groups that are mapped, or, of the platform's staff, who has which role.

    Raises:
        TransientError: Keycloak does not answer.
        PermanentError: It refuses.
    """
    if current_audience() is Audience.PLATFORM:
        return _follow_staff(realm, issuer, change)
    mapped = list(Group.objects.exclude(realm_path=""))
    if not mapped:
        return None
    if change.is_of_groups or change.is_all:
        found = {group.pk: _find(realm, group) for group in mapped}
        return partial(_write_groups, issuer, found)
    groups_of = {subject: list_groups_of(realm, subject) for subject in change.subjects}
    return partial(_write_people, groups_of)


def watch_owner() -> Writer | None:
    """Tell when a change in the realm leaves the tenant without an active owner.

    The realm decides who can log in, so it is not refused; an operator can appoint somebody
    (`manage.py break_glass owner`).
    """
    if current_audience() is Audience.PLATFORM or not has_owner():
        return None
    return _tell_lost_owner


def _follow_staff(realm: RealmClient, issuer: str, change: Change) -> Writer:
    subjects: Iterable[str] = change.subjects
    if change.is_of_groups:
        # A role or a group of the realm has changed: that concerns everybody, who are few.
        known = User.objects.filter(issuer=issuer, kind=UserKind.PERSON, removed_at=None)
        subjects = {*subjects, *known.values_list("subject", flat=True)}
    return partial(_write_staff, issuer, {each: list_roles_of(realm, each) for each in subjects})


def _find(realm: RealmClient, group: Group) -> _Found:
    asked = (group.realm_path, group.realm_group_id)
    gone = _Found(asked, path=None, realm_id=None, members=frozenset())
    found = find_group_by_id(realm, str(group.realm_group_id)) if group.realm_group_id else None
    if found is None and group.realm_path:
        found = find_group(realm, path=group.realm_path)
    if found is None:
        return gone
    members = list_members(realm, found.id)
    return gone if members is None else _Found(asked, found.path, UUID(found.id), members)


def _write_staff(issuer: str, roles: Mapping[str, Collection[str]], _written: Written) -> int:
    people = User.objects.filter(issuer=issuer, subject__in=list(roles), kind=UserKind.PERSON)
    for user in people:
        follow_token_roles(user=user, roles=roles[user.subject])
    return 0


def _write_groups(issuer: str, found: Mapping[UUID, _Found], _written: Written) -> int:
    # In the order in which everybody locks them.
    groups = list(
        Group.objects.select_for_update()
        .filter(pk__in=list(found))
        .exclude(realm_path="")
        .order_by("pk")
    )
    changed = 0
    for group in groups:
        if found[group.pk].asked != (group.realm_path, group.realm_group_id):
            # Somebody has mapped it to another one meanwhile, and that is read soon.
            continue
        _follow_name(group, found[group.pk])
        people = User.objects.filter(
            issuer=issuer, subject__in=found[group.pk].members, kind=UserKind.PERSON
        )
        wanted = set(people.values_list("pk", flat=True))
        present = dict(group.memberships.values_list("user_id", "source"))
        from_realm = {pk for pk, source in present.items() if source == MembershipSource.REALM}
        changed += _change(group, add=wanted - present.keys(), take=from_realm - wanted)
    return changed


def _write_people(groups_of: Mapping[str, Collection[str]], written: Written) -> int:
    groups = list(Group.objects.select_for_update().exclude(realm_group_id=None).order_by("pk"))
    changed = 0
    for group in groups:
        present = dict(
            group.memberships.filter(
                user__in=[user.pk for user in written.people.values()]
            ).values_list("user_id", "source")
        )
        add, take = set(), set()
        for subject, user in written.people.items():
            if str(group.realm_group_id) in groups_of.get(subject, ()):
                add |= {user.pk} - present.keys()
            elif present.get(user.pk) == MembershipSource.REALM:
                take.add(user.pk)
        changed += _change(group, add=add, take=take)
    return changed


def _follow_name(group: Group, found: _Found) -> None:
    """Note a new path or id; a group that is gone keeps the path, where another may come."""
    # A path that is too long to keep is left as it was: the id is what the group is known by.
    path = found.path or group.realm_path
    if len(path) > MAX_REALM_PATH_LENGTH:
        path = group.realm_path
    if (path, found.realm_id) == (group.realm_path, group.realm_group_id):
        return
    before = {"realm_path": group.realm_path, "is_in_realm": group.realm_group_id is not None}
    group.realm_path, group.realm_group_id = path, found.realm_id
    group.save(update_fields=["realm_path", "realm_group_id"])
    record(
        actor=KEYCLOAK,
        action="group.updated",
        target=f"group:{group.pk}",
        before=before,
        after={"realm_path": path, "is_in_realm": found.realm_id is not None},
    )


def _change(group: Group, *, add: Collection[UUID], take: Collection[UUID]) -> int:
    if not add and not take:
        return 0
    GroupMembership.objects.bulk_create(
        [
            GroupMembership(group=group, user_id=user_id, source=MembershipSource.REALM)
            for user_id in add
        ],
        ignore_conflicts=True,
    )
    GroupMembership.objects.filter(
        group=group, user_id__in=take, source=MembershipSource.REALM
    ).delete()
    raise_epoch()
    facts = {"group": group.name, "source": MembershipSource.REALM.value}
    for user_id in add:
        record(actor=KEYCLOAK, action="group.member_added", target=f"user:{user_id}", after=facts)
    for user_id in take:
        record(
            actor=KEYCLOAK, action="group.member_removed", target=f"user:{user_id}", before=facts
        )
    return len(add) + len(take)


def _tell_lost_owner(written: Written) -> int:
    if has_owner():
        return 0
    slug = current_scope().tenant_slug
    logger.warning("tenant_has_no_owner", slug=slug)
    record(
        actor=KEYCLOAK,
        action="tenant.owner_lost",
        target=f"tenant:{slug}",
        before={"closed": [str(user.pk) for user in written.closed]},
    )
    publish(event="tenant.owner_lost", payload={"tenant": slug})
    return 0
