"""What a visit of the platform's staff may do in a workspace: see, or change all but who may what.

Whoever may give access could leave some behind that outlives the visit. So not even a writing visit
changes people, roles, groups or the accounts of programs; an owner is appointed in the console.
"""

from functools import lru_cache

from plexica.identity.visitor import Visit
from plexica.rbac import permissions
from plexica.rbac.keys import SEPARATOR
from plexica.rbac.registry import Audience, list_definitions
from plexica.rbac.snapshot import Snapshot

SEEING = frozenset({"view", "read"})
# A writing visit changes what is Plexica's own; what a plugin may do is for the tenant's people.
WRITABLE_NAMESPACE = "core"
_GIVES_ACCESS = frozenset(
    {
        permissions.USERS_INVITE,
        permissions.USERS_UPDATE,
        permissions.USERS_DISABLE,
        permissions.USERS_REMOVE,
        permissions.ROLES_MANAGE,
        permissions.ROLES_ASSIGN,
        permissions.GROUPS_MANAGE,
        permissions.SERVICE_ACCOUNTS_MANAGE,
    }
)


def snapshot_of_visit(visit: Visit) -> Snapshot:
    """Return what a visit may do. It holds keys and no patterns, so it can give nothing away."""
    return Snapshot(roles=frozenset(), grants=_grants(is_writing=visit.is_writing))


@lru_cache(maxsize=2)
def _grants(*, is_writing: bool) -> frozenset[str]:
    keys = [definition.key for definition in list_definitions(Audience.TENANT)]
    return frozenset(key for key in keys if _is_seen(key) or (is_writing and _is_written(key)))


def _is_seen(key: str) -> bool:
    return key.rpartition(SEPARATOR)[2] in SEEING


def _is_written(key: str) -> bool:
    return key.startswith(f"{WRITABLE_NAMESPACE}{SEPARATOR}") and key not in _GIVES_ACCESS
