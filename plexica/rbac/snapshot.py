"""What a user's roles come to, in the form that is asked thousands of times."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from plexica.rbac.keys import SEPARATOR, WILDCARD, is_key, is_pattern

_KEYS_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A user's roles and grants at one moment.

    Attributes:
        roles: The keys of the roles that they hold, by themselves or through groups.
        grants: The patterns that those roles grant together.
    """

    roles: frozenset[str]
    grants: frozenset[str]

    def allows(self, permission: str) -> bool:
        """Return whether a permission is held.

        Args:
            permission: A key, or a pattern: then whether all that it covers is held.
        """
        return not self.grants.isdisjoint(patterns_covering(permission))

    def allows_all(self, permissions: Iterable[str]) -> bool:
        """Return whether all of some permissions are held."""
        return all(self.allows(permission) for permission in permissions)


NOTHING = Snapshot(roles=frozenset(), grants=frozenset())


@lru_cache(_KEYS_REMEMBERED)
def patterns_covering(permission: str) -> tuple[str, ...]:
    """Return the patterns that cover a key or a pattern; none for any other text."""
    if not is_pattern(permission):
        return ()
    if permission == WILDCARD:
        return (WILDCARD,)
    namespace, resource, *_action = permission.split(SEPARATOR)
    covering = [permission, f"{namespace}{SEPARATOR}{WILDCARD}", WILDCARD]
    if is_key(permission):
        covering.append(f"{namespace}{SEPARATOR}{resource}{SEPARATOR}{WILDCARD}")
    return tuple(covering)
