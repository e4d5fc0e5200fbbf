"""django-guardian with the same people, roles and permissions: groups with rights to one object."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from guardian.core import ObjectPermissionChecker
from guardian.models import GroupObjectPermission

from bench._permissions import OTHER_CHECKS, WARM_CHECKS, Check, _random, figures, key, roles_of


def measure(*, people: int, roles: int, permissions: int) -> dict[str, Any]:
    """Return the figures of warm checks and of cold ones; it keeps nothing between processes."""
    call_command("migrate", verbosity=0)
    users, thing = _fill(people, roles, permissions)
    checkers = [ObjectPermissionChecker(user) for user in users]
    for checker in checkers:
        checker.has_perm(key(0), thing)

    def warm() -> Iterator[Check]:
        while True:
            checker, wanted = _random.choice(checkers), key(_random.randrange(permissions))
            yield lambda checker=checker, wanted=wanted: checker.has_perm(wanted, thing)  # type: ignore[misc]

    def cold() -> Iterator[Check]:
        while True:
            user, wanted = _random.choice(users), key(_random.randrange(permissions))
            checker = ObjectPermissionChecker(user)
            yield lambda checker=checker, wanted=wanted: checker.has_perm(wanted, thing)  # type: ignore[misc]

    with CaptureQueriesContext(connection) as captured:
        ObjectPermissionChecker(users[0]).has_perm(key(0), thing)
    return {
        "warm": figures(warm(), WARM_CHECKS),
        "cold": figures(cold(), OTHER_CHECKS),
        "queries": len(captured),
    }


def _fill(people: int, roles: int, permissions: int) -> tuple[list[User], Group]:
    kind = ContentType.objects.get_for_model(Group)
    known = Permission.objects.bulk_create(
        Permission(codename=key(number), name=key(number), content_type=kind)
        for number in range(permissions)
    )
    groups = Group.objects.bulk_create(Group(name=f"Role {number}") for number in range(roles))
    thing = Group.objects.create(name="The object")
    GroupObjectPermission.objects.bulk_create(
        GroupObjectPermission(
            group=groups[number % roles],
            permission=permission,
            content_type=kind,
            object_pk=str(thing.pk),
        )
        for number, permission in enumerate(known)
    )
    users = User.objects.bulk_create(User(username=f"user{number}") for number in range(people))
    User.groups.through.objects.bulk_create(
        User.groups.through(user=user, group=groups[role])
        for user in users
        for role in roles_of(roles)
    )
    return users, thing
