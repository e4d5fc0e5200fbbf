"""The permission engine: a user's roles compiled once, and kept until somebody changes roles.

A snapshot is kept in the process and in Redis under the epoch of its scope (`tenants.epochs`), so
an outdated one is never asked: it has another name. Where Redis does not answer, the database does.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Iterable
from time import perf_counter
from typing import cast
from uuid import UUID

import structlog
from django.core.cache import cache
from django.db import connection
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from plexica.core.scope import current_scope
from plexica.identity.models import User
from plexica.rbac.metrics import IN_PROCESS, IN_REDIS, NOWHERE, READ_SECONDS
from plexica.rbac.models import Role, RoleAssignment
from plexica.rbac.registry import list_definitions
from plexica.rbac.selectors import assignments_of, current_audience
from plexica.rbac.snapshot import NOTHING, Snapshot
from plexica.rbac.visit_grants import snapshot_of_visit
from tenants.epochs import current_epoch

REDIS_SECONDS = 60 * 60
MAX_KEPT = 20_000

logger = structlog.get_logger(__name__)

_lock = threading.Lock()
_kept: dict[tuple[str, object], tuple[int, Snapshot]] = {}


def snapshot_of(user: User) -> Snapshot:
    """Return what a user may do in the current scope; a disabled one nothing.

    Raises:
        NoScope: There is no scope.
        DatabaseError: It had to be read, and the database does not answer.
    """
    if not user.is_active:
        return NOTHING
    if user.visit is not None:
        return snapshot_of_visit(user.visit)
    epoch = current_epoch()
    key = (current_scope().schema, user.pk)
    kept = _kept.get(key)
    if kept is not None and kept[0] == epoch:
        IN_PROCESS.inc()
        return kept[1]
    began = perf_counter()
    try:
        return _found(user, key, epoch)
    finally:
        READ_SECONDS.observe(perf_counter() - began)


def _found(user: User, key: tuple[str, object], epoch: int) -> Snapshot:
    name = f"permissions:{user.pk}:{epoch}"
    snapshot = _recall(name)
    (NOWHERE if snapshot is None else IN_REDIS).inc()
    if snapshot is None:
        snapshot = compile_snapshot(user)
        if connection.in_atomic_block:
            # What is read here may be rolled back, and the next change then gets the same epoch.
            return snapshot
        _remember(name, snapshot)
    with _lock:
        if len(_kept) >= MAX_KEPT:
            _kept.clear()
        _kept[key] = (epoch, snapshot)
    return snapshot


def has_permission(user: User, permission: str) -> bool:
    """Return whether a user holds a permission in the current scope.

    Args:
        user: Who is asked about.
        permission: A key, or a pattern: then whether the user holds all that it covers.
    """
    return snapshot_of(user).allows(permission)


def permissions_of(user: User) -> frozenset[str]:
    """Return the keys of the registered permissions that a user holds in the current scope."""
    snapshot = snapshot_of(user)
    return frozenset(
        definition.key
        for definition in list_definitions(current_audience())
        if snapshot.allows(definition.key)
    )


def compile_snapshot(user: User) -> Snapshot:
    """Return what a user may do, read from the database in one query."""
    rows = assignments_of(user).values_list("role__key", "role__grants__permission")
    roles, grants = set(), set()
    for role, permission in cast("list[tuple[str, str | None]]", list(rows)):
        roles.add(role)
        if permission is not None:
            grants.add(permission)
    return Snapshot(roles=frozenset(roles), grants=frozenset(grants))


def compile_snapshots(
    users: Iterable[User], *, without: Role | None = None
) -> dict[UUID, Snapshot]:
    """Return what each of some users may do, read in two queries however many they are.

    It is for lists; of one user, `snapshot_of` mostly knows it without any query.

    Args:
        users: Whose; a disabled one may do nothing.
        without: A role that is left out, as if nobody held it.

    Returns:
        The snapshots, by the users' ids.
    """
    active = {user.pk: user.is_active for user in users}
    assignments = RoleAssignment.objects.all()
    if without is not None:
        assignments = assignments.exclude(role=without)
    roles: dict[UUID, set[str]] = defaultdict(set)
    grants: dict[UUID, set[str]] = defaultdict(set)
    for holder in ("user_id", "group__memberships__user_id"):
        found = assignments.filter(**{f"{holder}__in": list(active)})
        for user_id, role, permission in found.values_list(
            holder, "role__key", "role__grants__permission"
        ):
            roles[user_id].add(role)
            if permission is not None:
                grants[user_id].add(permission)
    return {
        user_id: Snapshot(frozenset(roles[user_id]), frozenset(grants[user_id]))
        if is_active
        else NOTHING
        for user_id, is_active in active.items()
    }


def forget_snapshots() -> None:
    """Forget what this process keeps; what Redis keeps stays."""
    with _lock:
        _kept.clear()


def _recall(name: str) -> Snapshot | None:
    try:
        text = cache.get(name)
    except (RedisError, ConnectionInterrupted):
        logger.warning("permission_cache_away", exc_info=True)
        return None
    if not isinstance(text, str):
        return None
    found = json.loads(text)
    return Snapshot(roles=frozenset(found["roles"]), grants=frozenset(found["grants"]))


def _remember(name: str, snapshot: Snapshot) -> None:
    text = json.dumps({"roles": sorted(snapshot.roles), "grants": sorted(snapshot.grants)})
    try:
        cache.set(name, text, timeout=REDIS_SECONDS)
    except (RedisError, ConnectionInterrupted):
        logger.warning("permission_cache_away", exc_info=True)
